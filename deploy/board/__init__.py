"""Pictures of the board, for the README."""
