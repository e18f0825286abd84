"""TODO sources/connectors."""
