"""Names and text quoted for SQL, by the standard's rule that DuckDB and PostgreSQL both follow."""

from pathlib import Path


def identifier(name: str) -> str:
    """Return a column or table name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """Return text, or a path, quoted for SQL."""
    return "'" + str(text).replace("'", "''") + "'"
