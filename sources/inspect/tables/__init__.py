"""TODO sources/inspect/tables."""
