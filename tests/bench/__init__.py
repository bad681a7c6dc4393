"""Measurements, run by hand with make: they print figures and judge nothing."""
