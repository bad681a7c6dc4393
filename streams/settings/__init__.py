"""What the monitor is told: files, overridden by the environment. Only bootstrap and the CLI read it."""

from streams.settings.load import load
from streams.settings.models import Monitor, Taxonomy
from streams.settings.problems import ConfigError, Problem
from streams.settings.schema import render, schemas
from streams.settings.settings import Setting, Settings

__all__ = ["ConfigError", "Monitor", "Problem", "Setting", "Settings", "Taxonomy", "load", "render", "schemas"]
