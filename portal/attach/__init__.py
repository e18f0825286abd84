"""The city as a database to attach: `city.duckdb`."""

from portal.attach.database import FILE, Attachable, Definition, Standing, define, write

__all__ = ["FILE", "Attachable", "Definition", "Standing", "define", "write"]
