"""TODO expectations/scoring."""
