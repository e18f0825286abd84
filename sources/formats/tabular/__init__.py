"""TODO sources/formats/tabular."""
