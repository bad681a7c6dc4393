"""Where events come from: vendor formats, files, HTTP, and a simulator with a known truth."""
