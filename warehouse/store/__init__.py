"""TODO warehouse/store."""
