"""TODO sources/formats/cube."""
