"""TODO sources/connectors/pxweb."""
