"""What must be asked of a table to judge one expectation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from expectations.checks.kinds import UNEXPECTED_ROWS
from expectations.runner.aggregates import aggregates, filtered
from expectations.runner.conditions import ignored, unexpected
from expectations.runner.plain_query import plain_condition
from expectations.runner.unique import Key
from expectations.suites.probe import with_batch
from model.util.sql import identifier

_ROWS = "unexpected_rows_query"


@dataclass(frozen=True)
class Condition:
    """Rows that fulfil a condition on each of them alone."""

    sql: str

    def ids_query(self, relation: str) -> str:
        """Return SQL for the `_id` of these rows."""
        return f"SELECT _id FROM {identifier(relation)} WHERE {self.sql}"


@dataclass(frozen=True)
class Query:
    """Rows that a query of a suite gives; without `_id` they are none of the table's."""

    template: str  # with {batch}
    has_id: bool

    def ids_query(self, relation: str) -> str | None:
        """Return SQL for the `_id` of these rows."""
        return f"SELECT _id FROM (\n{self.text(relation)}\n)" if self.has_id else None

    def text(self, relation: str) -> str:
        """Return the query on a relation."""
        return with_batch(self.template, relation)


@dataclass(frozen=True)
class Plan:
    """How the metrics of one expectation are computed.

    `metrics` gives the SQL aggregate of each metric of Great Expectations; `rows` the unexpected
    rows, whose number is the metric `count_as`; `given` are metrics that no data is needed for.
    """

    metrics: dict[str, str] = field(default_factory=dict)
    rows: Condition | Key | Query | None = None
    count_as: str = ""
    given: dict[str, Any] = field(default_factory=dict)


def plan_of(
    kind: str, expectation: Any, level: str, row_filter: Callable[[Any], str]
) -> Plan | None:
    """Return how to compute the metrics of an expectation, or None for what is not known.

    Args:
        kind: Great Expectations' name.
        expectation: Great Expectations' own, with its arguments as attributes.
        level: "row" or "table".
        row_filter: gives the SQL of a `row_condition`.
    """
    condition = getattr(expectation, "row_condition", None)
    if isinstance(condition, str):  # an old syntax of Great Expectations, with a parser of its own
        return None
    about = row_filter(condition) if condition is not None else None
    if kind == UNEXPECTED_ROWS:
        return None if about else _query(expectation.unexpected_rows_query, level)
    if kind in _UNIQUE:
        return _unique(expectation, about)
    broken = unexpected(kind, expectation)
    if broken is not None:
        return _map(expectation, about, broken)
    metrics = aggregates(kind, expectation, about)
    return Plan(metrics) if metrics else None


def _query(template: str, level: str) -> Plan | None:
    condition = plain_condition(template) if level == "row" else None
    rows = Condition(condition) if condition else Query(template, level == "row")
    return Plan({}, rows, f"{_ROWS}.row_count", {f"{_ROWS}.table": []})


def _map(expectation: Any, about: str | None, broken: str) -> Plan:
    """Plan an expectation on each row."""
    left_out = ignored(expectation)
    within = [part for part in (about, left_out and f"NOT {left_out}") if part]
    rows = Condition(" AND ".join(f"({part})" for part in (*within, broken)) if within else broken)
    return Plan(_counts(expectation, about, left_out), rows, _count_of(expectation))


_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def _unique(expectation: Any, about: str | None) -> Plan:
    columns = getattr(expectation, "column_list", None) or [expectation.column]
    # What is ignored has a NULL in the key, and such a row is never a duplicate.
    rows = Key(tuple(columns), about)
    return Plan(_counts(expectation, about, ignored(expectation)), rows, _count_of(expectation))


def _count_of(expectation: Any) -> str:
    return f"{expectation.map_metric}.unexpected_count"


def _counts(expectation: Any, about: str | None, left_out: str | None) -> dict[str, str]:
    """Return the metrics that tell how many rows were looked at."""
    counts = {"table.row_count": f"count(*){filtered(about)}"}
    column = getattr(expectation, "column", None)
    if column:
        known = f"count({identifier(column)}){filtered(about)}"
        counts["column_values.nonnull.unexpected_count"] = f"count(*){filtered(about)} - {known}"
    else:
        looked_at = left_out and f"NOT {left_out}"
        counts[f"{expectation.map_metric}.filtered_row_count"] = (
            f"count(*){filtered(about, looked_at)}"
        )
    return counts
