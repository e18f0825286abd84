"""TODO sources/formats."""
