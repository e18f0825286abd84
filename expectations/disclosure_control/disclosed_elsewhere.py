"""Counts that are withheld here and published elsewhere: in another dataset, in another release.

What is found is counted, not listed: a record that is published must not lead to the cells.
"""

from __future__ import annotations

from typing import Any

from expectations.checks.sql import in_template
from model.util.sql import identifier, literal

# Text that is no part of what a cell is; figures are no text.
_NO_KEY = "freq, unit_measure, obs_status, obs_note"
_PAIR = r'"(?:[^"\\]|\\.)*":"(?:[^"\\]|\\.)*"'


def _cells(table: str, kwargs: dict[str, Any], condition: str) -> str:
    """Return SQL for indicator and cell of the observations of a table.

    A cell is its codes by column, without those that stand for the total of a column: a table by
    sex has the same totals as one without. Whatever columns the table has.
    """
    codes = ", ".join(in_template(literal(code)) for code in kwargs["indicators"])
    totals = ", ".join(
        in_template(literal(f'"{column}":"{code}"')) for column, code in kwargs["totals"].items()
        if column != "ref_area"
    )
    left_out = f"pair IN ({totals})" if totals else "false"
    return (
        "SELECT indicator, list_sort(list_filter(regexp_extract_all(to_json(observation)::VARCHAR,"
        f" {literal(_PAIR)}), lambda pair: NOT (pair LIKE '%\":\"_T\"' OR {left_out}))) AS cell"
        f" FROM (SELECT * EXCLUDE ({_NO_KEY}) FROM {table}"
        f" WHERE indicator IN ({codes}) AND {condition}) AS observation"
    )


_WITHHELD, _PUBLISHED = "obs_status = 'Q' AND obs_value IS NULL", "obs_value IS NOT NULL"


def elsewhere(kwargs: dict[str, Any]) -> str:
    """How many counts another dataset publishes of those that are withheld here, by indicator."""
    theirs = identifier(kwargs["dataset"])
    return f"""
SELECT indicator, count(*) AS affected, {in_template(literal(kwargs["dataset"]))} AS reference
FROM ({_cells("{batch}", kwargs, _WITHHELD)})
WHERE cell IN (SELECT cell FROM ({_cells(theirs, kwargs, _PUBLISHED)}))
GROUP BY indicator"""


def before(kwargs: dict[str, Any]) -> str:
    """How many counts were published in an earlier release and are withheld now, or the reverse.

    Both tell by difference: of what was published once, and of what was withheld beside it.
    """
    earlier = identifier(kwargs["relation"])
    pairs = [
        ("withheld now, published in an earlier release", _WITHHELD, _PUBLISHED),
        ("published now, withheld in an earlier release", _PUBLISHED, _WITHHELD),
    ]
    return " UNION ALL ".join(
        f"""
SELECT indicator, count(*) AS affected, '{words}' AS reference
FROM ({_cells("{batch}", kwargs, now)})
WHERE cell IN (SELECT cell FROM ({_cells(earlier, kwargs, then)}))
GROUP BY indicator"""
        for words, now, then in pairs
    )
