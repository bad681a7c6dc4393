"""One module at a time, by example."""
