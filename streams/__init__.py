"""Outcome monitor: was the customer's problem solved, counted beside what the contact centre already counts."""
