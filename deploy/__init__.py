"""What it takes to run the monitor, and to try it."""
