"""TODO warehouse/cleaning."""
