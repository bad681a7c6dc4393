"""What the monitor promises, as tests; helpers that several kinds of test share are at this level."""
