"""The city as a database to attach: `city.duckdb`."""

from portal.attach.database import FILE, Attachable, statements, write

__all__ = ["FILE", "Attachable", "statements", "write"]
