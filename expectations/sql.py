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
