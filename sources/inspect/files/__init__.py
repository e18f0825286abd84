"""TODO sources/inspect/files."""
