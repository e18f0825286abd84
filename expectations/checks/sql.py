"""Values and templates in SQL."""

from __future__ import annotations

from model.util.sql import literal


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
