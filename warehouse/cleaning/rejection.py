"""Reasons why a row cannot be read, made in SQL: see `model.records.reject_reasons`."""

from __future__ import annotations

from model.util.sql import identifier, literal


def reject_sql(code: str, **params: str) -> str:
    """Return SQL for a reason as JSON.

    Args:
        code: one of `reject_reasons.WORDS`.
        params: SQL for each of its parameters.
    """
    fields = {"code": literal(code), **params}
    packed = ", ".join(f"{identifier(name)} := {sql}" for name, sql in fields.items())
    return f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
