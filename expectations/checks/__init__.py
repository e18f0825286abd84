"""TODO expectations/checks."""
