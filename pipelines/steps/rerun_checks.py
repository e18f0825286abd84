"""Run checks of a dataset again on its current table, to see which rows fail."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.suites.expectation import Expectation
from model.records.validation import CheckResult
from model.util.sql import identifier
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.clean import make_table
from pipelines.steps.comparison_releases import paths, releases_to_compare
from pipelines.steps.validate import run_suite
from warehouse.engine import connect
from warehouse.store import working_tables
from warehouse.store.data_dir import DataDir


@dataclass(frozen=True)
class Rerun:
    """A check that was run again on the current table, and the rows that break it."""

    check: CheckResult
    rows: tuple[dict[str, Any], ...]  # the first ones, with `_part`, `_row`, `_column`


def rerun(bound: BoundDataset, data_dir: DataDir, names: Collection[str], rows: int) -> list[Rerun]:
    """Run the checks `names` of `bound` again on its current table; nothing in `data_dir` is kept.

    So many failing `rows` are given of each.

    Raises:
        ReadError, StoreError: there is no table, and none can be made of the last snapshot.
    """
    table, _ = make_table(bound, data_dir)
    chosen = tuple(item for item in bound.suite.expectations if item.name in names)
    # Only a critical check quarantines, and the quarantine says which rows failed, and where.
    strict = tuple(item.model_copy(update={"severity": "critical"}) for item in chosen)
    suite = bound.suite.model_copy(update={"expectations": strict})
    inputs = bound.inputs(data_dir).sha256
    compared = paths(releases_to_compare(data_dir, bound.dataset, suite, inputs))
    with data_dir.dataset_lock(bound.dataset.id), connect(data_dir.root / "tmp") as con:
        relation = working_tables.open_table(con, table)
        quality = run_suite(bound, con, relation, suite, compared)
        return [
            Rerun(_as_declared(check, item), _failing_rows(con, relation, bound, check, rows))
            for check, item in zip(quality.checks, chosen, strict=True)
        ]


def _as_declared(check: CheckResult, expectation: Expectation) -> CheckResult:
    outcome = check.outcome
    if outcome == "failed" and not check.error and expectation.severity != "critical":
        outcome = "warned"
    return check.model_copy(update={"severity": expectation.severity, "outcome": outcome})


def _failing_rows(
    con: duckdb.DuckDBPyConnection, relation: str, bound: BoundDataset, check: CheckResult,
    limit: int,
) -> tuple[dict[str, Any], ...]:
    columns = ["_part", "_row", "_column", *bound.dataset.columns]
    if check.samples and not set(check.samples[0]) <= set(columns):
        return check.samples[:limit]  # it says more than the row: what it compared it with
    listed = ", ".join(identifier(name) for name in columns)
    order = ", ".join(identifier(name) for name in bound.dataset.key)
    found = con.execute(
        f"SELECT {listed} FROM {identifier(relation)} JOIN quarantine USING (_id)"
        " WHERE list_contains(list_transform(reasons, lambda x: split_part(x, ':', 1)), ?)"
        f" ORDER BY {order}, _id LIMIT ?", [check.name, limit],
    ).fetchall()
    return tuple(dict(zip(columns, row, strict=True)) for row in found)
