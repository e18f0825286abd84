"""TODO sources/connectors/sdmx."""
