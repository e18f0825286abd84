"""What must be asked of a table to validate one check in the common scan."""

from dataclasses import dataclass, field

from expectations.checks.base import Level
from expectations.checks.stock.aggregates import StockAggregate
from expectations.checks.stock.common import StockRowCheck, filtered
from expectations.runner.plain_query import plain_condition
from expectations.runner.unique import Key
from expectations.suites.expectation import Expectation
from expectations.suites.inline import with_batch
from model.util.sql import identifier


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
