"""The metrics of expectations on a column or on the table, as SQL aggregates."""

from __future__ import annotations

import re
from typing import Any

from expectations.runner.conditions import one_of
from model.util.sql import identifier

Metrics = dict[str, str]

# Great Expectations compares what looks like a date as a date.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

# Both middle values, as Great Expectations takes them: nothing is interpolated.
_MEDIAN = (
    "(quantile_disc({column}, 0.5 ORDER BY {column}){rows}"
    " + quantile_disc({column}, 0.5 ORDER BY {column} DESC){rows}) / 2.0"
)

# Kind -> the metric and its SQL.
_AGGREGATES: dict[str, tuple[str, str]] = {
    "expect_column_min_to_be_between": ("column.min", "min({column}){rows}"),
    "expect_column_max_to_be_between": ("column.max", "max({column}){rows}"),
    "expect_column_sum_to_be_between": ("column.sum", "sum({column}){rows}"),
    "expect_column_mean_to_be_between": ("column.mean", "avg(1.0 * {column}){rows}"),
    "expect_column_median_to_be_between": ("column.median", _MEDIAN),
    "expect_column_stdev_to_be_between": (
        "column.standard_deviation", "stddev_samp({column}){rows}"
    ),
    "expect_column_unique_value_count_to_be_between": (
        "column.distinct_values.count", "count(DISTINCT {column}){rows}"
    ),
    "expect_column_proportion_of_unique_values_to_be_between": (
        "column.unique_proportion",
        "coalesce(count(DISTINCT {column}){rows} / nullif(count({column}){rows}, 0), 0)",
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        "column.non_null_proportion",
        "coalesce(count({column}){rows} / nullif(count(*){rows}, 0), 0)",
    ),
    "expect_table_row_count_to_be_between": ("table.row_count", "count(*){rows}"),
    "expect_table_row_count_to_equal": ("table.row_count", "count(*){rows}"),
}

_DISTINCT = (
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
)


def aggregates(kind: str, kwargs: Any, row_filter: str | None) -> Metrics | None:
    """Return the SQL of each metric that judges an expectation, or None for what is not known.

    Args:
        kind: Great Expectations' name.
        kwargs: the expectation, with its arguments as attributes.
        row_filter: the condition on the rows that it is about; None for all.
    """
    if kind in _AGGREGATES:
        metric, sql = _AGGREGATES[kind]
        column = identifier(getattr(kwargs, "column", ""))
        return {metric: sql.format(column=column, rows=filtered(row_filter))}
    return _distinct(kwargs, row_filter) if kind in _DISTINCT else None


def filtered(*conditions: str | None) -> str:
    """Return the FILTER clause for rows that fulfil all conditions, or nothing without any."""
    given = [f"({condition})" for condition in conditions if condition]
    return f" FILTER (WHERE {' AND '.join(given)})" if given else ""


def _distinct(kwargs: Any, row_filter: str | None) -> Metrics | None:
    """Count distinct values that a set lacks, and those of the set that the column lacks."""
    values = kwargs.value_set or []
    known = one_of(kwargs.column, values)
    if known is None or any(isinstance(item, str) and _DATE.fullmatch(item) for item in values):
        return None
    distinct = f"count(DISTINCT {identifier(kwargs.column)})"
    found = f"{distinct}{filtered(row_filter, known)}"
    return {
        "column.distinct_values.missing_from_column.count": f"{len(values)} - {found}",
        "column.distinct_values.not_in_set.count":
            f"{distinct}{filtered(row_filter)} - {found}",
    }
