"""TODO sources/fetch."""
