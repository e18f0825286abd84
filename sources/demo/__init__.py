"""TODO sources/demo."""
