"""Which rows break an expectation on rows: SQL conditions, with Great Expectations' own meaning.

A NULL in the column is neither expected nor unexpected: such a condition is NULL for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from expectations.checks.sql import value
from model.util.sql import identifier

# The one column of an observation that is not text.
_NUMBER = "obs_value"
# Text is looked up in a list quickly while the list is short, in a subquery by hash always; either
# is quicker than IN with constants.
_SHORT = 64


def unexpected(kind: str, kwargs: Any) -> str | None:
    """Return the condition on a row that breaks an expectation, or None for what is not known.

    Args:
        kind: Great Expectations' name.
        kwargs: the expectation, with its arguments as attributes.
    """
    condition = _CONDITIONS.get(kind)
    return condition(kwargs) if condition else None


def ignored(kwargs: Any) -> str | None:
    """Return the condition on a row that `ignore_row_if` leaves out, or None."""
    columns = getattr(kwargs, "column_list", None) or [
        getattr(kwargs, "column_A", None), getattr(kwargs, "column_B", None)
    ]
    joined = {
        "both_values_are_missing": " AND ", "all_values_are_missing": " AND ",
        "either_value_is_missing": " OR ", "any_value_is_missing": " OR ",
    }.get(str(getattr(kwargs, "ignore_row_if", "")))
    if joined is None:
        return None
    return "(" + joined.join(f"{identifier(name)} IS NULL" for name in columns) + ")"


def one_of(column: str, values: Sequence[Any]) -> str | None:
    """Return the condition that a column is one of some values, or None for odd values."""
    if not values or any(not isinstance(item, str | int | float) for item in values):
        return None
    listed = ", ".join(value(item) for item in dict.fromkeys(values))
    if column == _NUMBER or not all(isinstance(item, str) for item in values):
        return f"{identifier(column)} IN ({listed})"
    if len(values) <= _SHORT:
        return f"list_contains([{listed}], {identifier(column)})"
    return f"{identifier(column)} IN (SELECT unnest([{listed}]))"


def _within(sql: str, kwargs: Any) -> str | None:
    low, high = kwargs.min_value, kwargs.max_value
    bounds = [bound for bound in (low, high) if bound is not None]
    if any(isinstance(bound, bool) or not isinstance(bound, int | float) for bound in bounds):
        return None
    if not bounds or (len(bounds) == 2 and low > high):  # an error, which is told by its own path
        return None
    parts = []
    if low is not None:
        parts.append(f"{sql} {'>' if kwargs.strict_min else '>='} {value(low)}")
    if high is not None:
        parts.append(f"{sql} {'<' if kwargs.strict_max else '<='} {value(high)}")
    return f"NOT ({' AND '.join(parts)})"


def _between(kwargs: Any) -> str | None:
    return _within(identifier(kwargs.column), kwargs)


def _length_between(kwargs: Any) -> str | None:
    bounds = (kwargs.min_value, kwargs.max_value)
    if any(isinstance(bound, float) and not bound.is_integer() for bound in bounds):
        return None
    return _within(f"length({identifier(kwargs.column)})", kwargs)


def _length_equal(kwargs: Any) -> str | None:
    if not isinstance(kwargs.value, int | float):
        return None
    return f"length({identifier(kwargs.column)}) <> {value(kwargs.value)}"


def _in_set(kwargs: Any) -> str | None:
    known = one_of(kwargs.column, kwargs.value_set or [])
    return known and f"NOT ({known})"


def _matches(kwargs: Any) -> str | None:
    if not isinstance(kwargs.regex, str):
        return None
    return f"NOT regexp_matches({identifier(kwargs.column)}, {value(kwargs.regex)})"


def _does_not_match(kwargs: Any) -> str | None:
    if not isinstance(kwargs.regex, str):
        return None
    return f"regexp_matches({identifier(kwargs.column)}, {value(kwargs.regex)})"


def _greater(kwargs: Any) -> str:
    a, b = identifier(kwargs.column_A), identifier(kwargs.column_B)
    if kwargs.or_equal:
        return f"NOT ({a} >= {b} OR ({a} IS NULL AND {b} IS NULL))"
    return f"NOT ({a} > {b})"


def _pair_equal(kwargs: Any) -> str:
    a, b = identifier(kwargs.column_A), identifier(kwargs.column_B)
    return f"NOT ({a} = {b} AND NOT ({a} IS NULL OR {b} IS NULL))"


def _pair_in_set(kwargs: Any) -> str | None:
    pairs = kwargs.value_pairs_set
    if not pairs or any(not isinstance(item, str | int | float) for pair in pairs for item in pair):
        return None
    a, b = identifier(kwargs.column_A), identifier(kwargs.column_B)
    listed = " OR ".join(f"({a} = {value(x)} AND {b} = {value(y)})" for x, y in pairs)
    return f"NOT ({listed})"


def _different_within_record(kwargs: Any) -> str:
    pairs = combinations([identifier(name) for name in kwargs.column_list], 2)
    return " OR ".join(f"({a} = {b} OR ({a} IS NULL AND {b} IS NULL))" for a, b in pairs)


_CONDITIONS: dict[str, Callable[[Any], str | None]] = {
    "expect_column_values_to_not_be_null": lambda e: f"{identifier(e.column)} IS NULL",
    "expect_column_values_to_be_null": lambda e: f"{identifier(e.column)} IS NOT NULL",
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": lambda e: one_of(e.column, e.value_set or []),
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _does_not_match,
    "expect_column_value_lengths_to_be_between": _length_between,
    "expect_column_value_lengths_to_equal": _length_equal,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _pair_equal,
    "expect_column_pair_values_to_be_in_set": _pair_in_set,
    "expect_select_column_values_to_be_unique_within_record": _different_within_record,
}
