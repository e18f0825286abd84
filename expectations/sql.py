"""Names and text quoted for SQL."""

from __future__ import annotations


def identifier(name: str) -> str:
    """Return a column or table name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def in_template(sql: str) -> str:
    """Return SQL whose braces survive the `{batch}` substitution of Great Expectations."""
    return sql.replace("{", "{{").replace("}", "}}")


def value(item: str | int | float) -> str:
    """Return a value quoted for SQL."""
    if isinstance(item, str):
        return literal(item)
    if isinstance(item, float):
        return f"CAST('{item!r}' AS DOUBLE)"
    return str(item)
