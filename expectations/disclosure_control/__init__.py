"""TODO expectations/disclosure_control."""
