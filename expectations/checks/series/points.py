"""Observations as points of a series: the common beginning of every query about series."""

from __future__ import annotations

from collections.abc import Sequence

from model.util.sql import identifier

# The number of a period, so that the next period has the next number. Text that is no period has
# no number, and `time_period_form` speaks of it.
_YEAR = "TRY_CAST(left(time_period, 4) AS INTEGER)"
_NUMBERS = {
    "A": "TRY_CAST(time_period AS INTEGER)",
    "S": f"{_YEAR} * 2 + TRY_CAST(right(time_period, 1) AS INTEGER) - 1",
    "Q": f"{_YEAR} * 4 + TRY_CAST(right(time_period, 1) AS INTEGER) - 1",
    "M": f"{_YEAR} * 12 + TRY_CAST(right(time_period, 2) AS INTEGER) - 1",
    "W": "epoch(try_strptime(time_period || '-1', '%G-W%V-%u'))::BIGINT // 604800",
    "D": "epoch(TRY_CAST(time_period AS DATE))::BIGINT // 86400",
    "YTD": f"{_YEAR} * 12 + TRY_CAST(regexp_extract(time_period, 'P([0-9]+)M', 1) AS INTEGER) - 1",
}

# How many periods a season has; the others have none.
SEASONS = {"Q": 4, "M": 12}


def number(frequency: str) -> str:
    """Return SQL for the number of `time_period`: consecutive periods, consecutive numbers."""
    return _NUMBERS[frequency]


def columns(names: Sequence[str], table: str = "") -> str:
    """Return a list of columns for SQL, of a table where one is named."""
    prefix = f"{table}." if table else ""
    return ", ".join(prefix + identifier(name) for name in names)


def points(
    series: Sequence[str], frequency: str, relation: str = "{batch}", also: str = ""
) -> str:
    """Return a common table expression's body: the points of every series of a relation.

    Columns: `_id` (of `{batch}` only), `series` (a hash of 64 bits: two of a million series share
    one with a probability of 3e-8), `t` (the period's number), `period`, `v` (finite), and `also`.
    """
    own = "_id, " if relation == "{batch}" else ""
    return (
        f"SELECT {own}hash({columns(series)}) AS series, {number(frequency)} AS t,"
        f" time_period AS period, obs_value AS v{also}"
        f" FROM {relation} WHERE isfinite(obs_value) AND {number(frequency)} IS NOT NULL"
    )
