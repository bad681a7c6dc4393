"""A contact centre whose truth is known: events for the log, and beside them what really became of each problem."""
