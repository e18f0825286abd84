"""What must be asked of a table to validate one check in the common scan.

A query for unexpected rows that is no more than a condition on single rows need not run by itself:
it is counted in the same scan as all others. DuckDB's own parser decides: the condition must mean
the same in a query and in a FILTER clause. Of a key, as Great Expectations has it, rows with a NULL
are left out, and every row of a duplicate is unexpected; it is found unique by one pass where the
rows are in its order, else by its hash.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from expectations.checks.base import Level
from expectations.checks.stock.aggregates import StockAggregate
from expectations.checks.stock.common import StockRowCheck, filtered
from expectations.suites.expectation import Expectation
from expectations.suites.inline import parser, with_batch
from model.util.sql import identifier

_QUERY = re.compile(r"\s*SELECT\s+\*\s+FROM\s+\{batch\}\s+WHERE\b", re.IGNORECASE)
_NOT_OF_ONE_ROW = {"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "POSITIONAL_REFERENCE"}


@lru_cache(maxsize=4096)
def plain_condition(query: str) -> str | None:
    """Return the condition of `SELECT * FROM {batch} WHERE condition`, braces undone, or None."""
    start = _QUERY.match(query)
    if start is None:
        return None
    text = query[start.end():].rstrip("; \t\r\n")
    if "{batch}" in text:
        return None
    condition = f"({text.replace('{{', '{').replace('}}', '}')}\n)"
    queried = _parsed(f"SELECT * FROM batch WHERE{condition[1:-1]}")
    counted = _parsed(f"SELECT count(*) FILTER (WHERE {condition}) FROM batch")
    if queried is None or counted is None:
        return None
    tree = queried["where_clause"]
    same = tree == counted["select_list"][0].get("filter")
    return condition if same and _of_one_row(tree) else None


def _parsed(query: str) -> dict[str, Any] | None:
    rows = parser().execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    answer = json.loads(rows[0][0], object_hook=_without_place)
    statements = answer.get("statements", [])
    return statements[0]["node"] if len(statements) == 1 else None


def _without_place(node: dict[str, Any]) -> dict[str, Any]:
    node.pop("query_location", None)
    return node


def _of_one_row(tree: Any) -> bool:
    if isinstance(tree, list):
        return all(_of_one_row(item) for item in tree)
    if not isinstance(tree, dict):
        return True
    if tree.get("class") in _NOT_OF_ONE_ROW:
        return False
    # `table.column`: the table has another name in the common scan.
    if tree.get("class") == "COLUMN_REF" and len(tree["column_names"]) != 1:
        return False
    return all(_of_one_row(item) for item in tree.values())


# Up to so many rows grouping costs next to nothing. Of larger tables the first so many tell
# whether it is worth while to expect the key's order.
LOOK_AT = 50_000


@dataclass(frozen=True)
class Key:
    """The columns that must be unique together, among the rows that fulfil a condition."""

    columns: tuple[str, ...]
    row_filter: str | None = None

    def ids_query(self, relation: str) -> str:
        """Return SQL for the `_id` of every row whose key is not unique.

        Keys of the same hash are looked for first: eight bytes a row, whatever the key.
        """
        names = ", ".join(self._names)
        table = identifier(relation)
        rows = f"(SELECT _id, {names} FROM {table} WHERE {' AND '.join(self._conditions)})"
        same_hash = f"SELECT hash({names}) AS h FROM {rows} GROUP BY h HAVING count(*) > 1"
        return (
            f"SELECT _id FROM {rows} WHERE hash({names}) IN ({same_hash})"
            f" QUALIFY count(*) OVER (PARTITION BY {names}) > 1"
        )

    def repeated_query(self, relation: str) -> str:
        """Return SQL that counts the keys that more than one row has."""
        return (
            f"SELECT count(*) FROM (SELECT 1 FROM {identifier(relation)}"
            f" WHERE {' AND '.join(self._conditions)}"
            f" GROUP BY {', '.join(self._names)} HAVING count(*) > 1)"
        )

    def in_order_query(self, relation: str, limit: int | None = None) -> str:
        """Return SQL: is the key of each row of a relation above the one before, so all are unique?

        `limit` is how many rows to look at, None for all. `lag` without an order takes the rows
        as they come, in one thread, and keeps none.
        """
        names = self._names
        before = [f"_before_{place}" for place in range(len(names))]
        lags = ", ".join(
            f"lag({name}) OVER () AS {earlier}"
            for name, earlier in zip(names, before, strict=True)
        )
        rows = f"SELECT {', '.join(names)} FROM {identifier(relation)}"
        if self.row_filter:
            rows += f" WHERE {self.row_filter}"
        if limit is not None:
            rows += f" LIMIT {limit}"
        return (
            f"SELECT count(*) - count(*) FILTER (WHERE {_above(names, before)}) <= 1"
            f" FROM (SELECT {', '.join(names)}, {lags} FROM ({rows}))"
        )

    @property
    def _names(self) -> list[str]:
        return [identifier(name) for name in self.columns]

    @property
    def _conditions(self) -> list[str]:
        complete = [f"{name} IS NOT NULL" for name in self._names]
        return [self.row_filter, *complete] if self.row_filter else complete


def _above(names: Sequence[str], before: Sequence[str]) -> str:
    """Return the condition that a key follows another; NULL or false where any of it is NULL."""
    name, earlier, *_ = names[0], before[0]
    if len(names) == 1:
        return f"{name} > {earlier}"
    rest = _above(names[1:], before[1:])
    return f"({name} > {earlier} OR ({name} = {earlier} AND {rest}))"


@dataclass(frozen=True)
class Condition:
    """Rows that fulfil a condition on each of them alone."""

    sql: str

    def ids_query(self, relation: str) -> str:
        """Return SQL for the `_id` of these rows."""
        return f"SELECT _id FROM {identifier(relation)} WHERE {self.sql}"


@dataclass(frozen=True)
class Query:
    """Rows that a check's query gives; without `_id` they are none of the table's."""

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
    """How a check is computed.

    `aggregates` are SQL aggregates by name: Great Expectations' metrics of an expectation on the
    table, or ROWS, NULLS and LOOKED_AT of one on rows. `rows` are the unexpected rows.
    """

    aggregates: dict[str, str] = field(default_factory=dict)
    rows: Condition | Key | Query | None = None


# How many rows an expectation is about, how many of them have no value, and, of an expectation on
# several columns, how many are looked at.
ROWS, NULLS, LOOKED_AT = "rows", "nulls", "looked_at"
_IGNORED = {"all_values_are_missing": " AND ", "any_value_is_missing": " OR "}


def plan_of(expectation: Expectation) -> Plan | None:
    """Return how to compute a check; None for what only Great Expectations itself computes."""
    check = expectation.check
    if isinstance(check, StockAggregate):
        metrics = check.metrics()
        return Plan(metrics) if metrics else None
    if isinstance(check, StockRowCheck):
        return _row_plan(check)
    return _query_plan(str(check.query()), expectation.level)


def _row_plan(check: StockRowCheck) -> Plan | None:
    about = check.filter_sql()
    rows: Condition | Key
    if check.key():
        # What is ignored has a NULL in the key, and such a row is never a duplicate.
        rows = Key(check.key(), about)
    elif broken := check.broken():
        rows = Condition(f"({about}) AND ({broken})" if about else broken)
    else:
        return None
    aggregates = {ROWS: f"count(*){filtered(about)}"}
    column = getattr(check, "column", None)
    if column:
        known = f"count({identifier(column)}){filtered(about)}"
        aggregates[NULLS] = f"count(*){filtered(about)} - {known}"
    else:
        joined = _IGNORED.get(str(getattr(check, "ignore_row_if", "")))
        missing = joined and joined.join(f"{identifier(name)} IS NULL" for name in check.key())
        looked_at = filtered(about, missing and f"NOT ({missing})")
        aggregates[LOOKED_AT] = f"count(*){looked_at}"
    return Plan(aggregates, rows)


def _query_plan(template: str, level: Level) -> Plan:
    condition = plain_condition(template) if level == "row" else None
    return Plan({}, Condition(condition) if condition else Query(template, level == "row"))
