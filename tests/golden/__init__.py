"""Recorded journeys and what must become of them, in files that people can read."""
