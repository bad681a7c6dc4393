"""The team lead's live page."""
