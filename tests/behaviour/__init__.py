"""What a user or an operator sees: whole runs, crashes and restarts among them."""
