"""Pieces of SQL that checks share: values in templates, and observations as points of a series."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from model.util.sql import identifier, literal

# The number of a period, so that the next period has the next number. Text that is no period has
# no number; `time_period_form` finds it.
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

# How many periods a season has; the other frequencies have none.
SEASONS = {"Q": 4, "M": 12}


def in_template(sql: str) -> str:
    """Return SQL whose braces survive the `{batch}` substitution of Great Expectations."""
    return sql.replace("{", "{{").replace("}", "}}")


def text(item: str) -> str:
    """Return text quoted for SQL in a template."""
    return in_template(literal(item))


def value(item: str | int | float) -> str:
    """Return a value quoted for SQL."""
    if isinstance(item, str):
        return literal(item)
    if isinstance(item, float):
        return f"CAST('{item!r}' AS DOUBLE)"
    return str(item)


def texts(items: Sequence[str]) -> str:
    """Return texts for an IN clause in a template."""
    return _texts(tuple(items))


@lru_cache(maxsize=1024)  # datasets name the same areas and codes
def _texts(items: tuple[str, ...]) -> str:
    return ", ".join(map(text, items))


def columns(names: Sequence[str]) -> str:
    """Return a list of columns for SQL."""
    return ", ".join(map(identifier, names))


def where(codes: Mapping[str, str], table: str = "", indicators: Sequence[str] = ()) -> str:
    """Return the condition that columns of `table` have these `codes`, and one of `indicators`."""
    prefix = f"{table}." if table else ""
    parts = [f"{prefix}{identifier(column)} = {text(code)}" for column, code in codes.items()]
    if indicators:
        parts.append(f"{prefix}indicator IN ({texts(indicators)})")
    return " AND ".join(parts) or "true"


def number(frequency: str) -> str:
    """Return SQL for the number of `time_period`: consecutive periods, consecutive numbers."""
    return _NUMBERS[frequency]


def points(series: Sequence[str], frequency: str, relation: str = "{batch}", also: str = "") -> str:
    """Return a SELECT of the points of every series of a relation, of the dataset's frequency.

    Columns: `_id` (of `{batch}` only), `series` (a hash of 64 bits: two of a million series share
    one with a probability of 3e-8), `t` (the period's number), `period`, `v` (finite), and `also`.
    """
    own = "_id, " if relation == "{batch}" else ""
    return (
        f"SELECT {own}hash({columns(series)}) AS series, {number(frequency)} AS t,"
        f" time_period AS period, obs_value AS v{also}"
        f" FROM {relation} WHERE isfinite(obs_value) AND {number(frequency)} IS NOT NULL"
    )
