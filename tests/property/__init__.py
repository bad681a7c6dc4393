"""What holds for any input: whatever has to do with order, time or money."""
