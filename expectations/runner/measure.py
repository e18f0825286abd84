"""Compute what many expectations need of one relation, in as few scans as possible."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import duckdb

from expectations.runner.plan import LOOK_AT, Condition, Key, Plan, Query
from model.util.sql import identifier

# So many conditions fit into one BIGINT, a bit for each.
_BITS = 60

# These are no fault of an expectation: whoever opened the connection says what to do about them.
_NOT_OURS = (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InterruptException)


@dataclass(frozen=True)
class Measured:
    """What was measured for one expectation: its plan's aggregates, and how many rows break it.

    `error` says why there is neither. `seconds` is how long its own query took, or its share of
    the scan that counts many together.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    unexpected: int = 0
    error: str | None = None
    seconds: float = 0.0


def measure(
    con: duckdb.DuckDBPyConnection, relation: str, plans: Mapping[str, Plan],
    kept: Collection[str] = (),
) -> tuple[int, dict[str, Measured]]:
    """Compute what expectations need.

    Args:
        con: the connection that has the relation.
        relation: name of a table or view with a column `_id`.
        plans: what to compute, by the expectation's name.
        kept: the names of those that no row broke, of these and others together. A condition on
            single rows and a unique key are kept by a part of the rows too, and not looked at.

    Returns:
        The number of rows, and what was measured, by name.
    """
    own = {name: plan for name, plan in plans.items() if isinstance(plan.rows, Query)}
    common = {name: plan for name, plan in plans.items() if name not in own}
    begun = perf_counter()
    try:
        rows, measured = _together(con, relation, common, kept)
    except _NOT_OURS:
        raise
    except duckdb.Error:
        # One of them fails: run each by itself, so that the others do not.
        own = dict(plans)
        rows, measured = _together(con, relation, {})
    share = (perf_counter() - begun) / max(len(measured), 1)
    measured = {name: replace(found, seconds=share) for name, found in measured.items()}
    measured |= {name: _alone(con, relation, plan, rows) for name, plan in own.items()}
    return rows, measured


def _alone(con: duckdb.DuckDBPyConnection, relation: str, plan: Plan, rows: int) -> Measured:
    begun = perf_counter()
    try:
        answers = _aggregated(con, relation, plan.aggregates.values())
        found = _measured(plan, answers, _unexpected(con, relation, [plan.rows], rows))
    except _NOT_OURS:
        raise
    except duckdb.Error as error:
        found = Measured(error=str(error))
    return replace(found, seconds=perf_counter() - begun)


def _together(
    con: duckdb.DuckDBPyConnection, relation: str, plans: Mapping[str, Plan],
    kept: Collection[str] = (),
) -> tuple[int, dict[str, Measured]]:
    # Ordered sets: the same statements on every run.
    wanted = dict.fromkeys(sql for plan in plans.values() for sql in plan.aggregates.values())
    answers = _aggregated(con, relation, ["count(*)", *wanted])
    rows: int = answers["count(*)"]
    found: dict[Any, int] = {
        plan.rows: 0 for name, plan in plans.items()
        if name in kept and isinstance(plan.rows, Condition | Key)
    }
    different = dict.fromkeys(plan.rows for plan in plans.values() if plan.rows not in found)
    found |= _unexpected(con, relation, different, rows)
    return rows, {name: _measured(plan, answers, found) for name, plan in plans.items()}


def _unexpected(
    con: duckdb.DuckDBPyConnection, relation: str, wanted: Iterable[Any], rows: int
) -> dict[Any, int]:
    """Count the rows of conditions, keys and queries; `rows` is how many the relation has."""
    asked = list(wanted)
    conditions = [item for item in asked if isinstance(item, Condition)]
    found = _fulfilling(con, relation, conditions, rows)
    for item in asked:
        if isinstance(item, Key):
            found[item] = _duplicates(con, relation, item, rows)
        elif isinstance(item, Query):
            found[item] = _counted(con, item.text(relation))
    return found


def _measured(plan: Plan, answers: Mapping[str, Any], found: Mapping[Any, int]) -> Measured:
    values = {name: answers[sql] for name, sql in plan.aggregates.items()}
    return Measured(values, found[plan.rows] if plan.rows is not None else 0)


def _aggregated(
    con: duckdb.DuckDBPyConnection, relation: str, wanted: Collection[str]
) -> dict[str, Any]:
    if not wanted:
        return {}
    row = con.execute(f"SELECT {', '.join(wanted)} FROM {identifier(relation)}").fetchall()[0]
    return dict(zip(wanted, row, strict=True))


def _fulfilling(
    con: duckdb.DuckDBPyConnection, relation: str, conditions: Sequence[Condition], rows: int
) -> dict[Any, int]:
    """Count the rows of many conditions in one scan.

    Rows that fulfil none leave it at once; the others are grouped by which they fulfil. Of a small
    table a statement costs more than its scan: a shorter one says whether there is any such row.
    """
    found: dict[Any, int] = {}
    for start in range(0, len(conditions), _BITS):
        some = conditions[start:start + _BITS]
        anyone = " OR ".join(f"({condition.sql})" for condition in some)
        if rows <= LOOK_AT and not _scalar(
            con, f"SELECT count(*) FROM {identifier(relation)} WHERE {anyone}"
        ):
            found |= dict.fromkeys(some, 0)
            continue
        bits = " + ".join(
            f"CASE WHEN {condition.sql} THEN {1 << bit} ELSE 0 END"
            for bit, condition in enumerate(some)
        )
        groups = con.execute(
            f"SELECT which, count(*) FROM"
            f" (SELECT {bits} AS which FROM {identifier(relation)} WHERE {anyone}) GROUP BY which"
        ).fetchall()
        for bit, condition in enumerate(some):
            found[condition] = sum(count for which, count in groups if which >> bit & 1)
    return found


def _duplicates(con: duckdb.DuckDBPyConnection, relation: str, key: Key, rows: int) -> int:
    """Count the rows whose key is not unique; most often there are none."""
    if rows <= LOOK_AT:
        unique = _scalar(con, key.repeated_query(relation)) == 0
    else:
        unique = all(_scalar(con, key.in_order_query(relation, limit)) for limit in (LOOK_AT, None))
    return 0 if unique else _counted(con, key.ids_query(relation))


def _counted(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(_scalar(con, f"SELECT count(*) FROM (\n{query}\n)"))


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    return con.execute(query).fetchall()[0][0]
