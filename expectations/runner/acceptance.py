"""Rows that a person accepted: released though they break a check, while they stay as they are.

An acceptance names a row's content and the checks that it may break. It releases one row with
that content; one that breaks another check too stays quarantined. What every table rests on (its
key, periods, codes) and what protects persons can never be accepted: a correction fixes it. Of rows
with the same key one can be accepted, and the others stay quarantined.
"""

from collections import Counter
from collections.abc import Sequence

import duckdb

from expectations.checks.declared import KEY_CHECK
from expectations.suites.expectation import Expectation, Suite
from model.declarations.dataset import Dataset
from model.records.tables import create_accepted
from model.records.validation_log import Acceptance, row_sha256
from model.util.sql import identifier


def refused(checks: Sequence[str], suite: Suite) -> list[str]:
    """Return those of the named checks of a suite that nobody can accept a row against."""
    never = {item.name for item in suite.expectations if not item.acceptable}
    return [name for name in checks if name in never]


def may_be_accepted(expectation: Expectation) -> bool:
    """Say whether a person may accept that a snapshot fails a check on the table."""
    return expectation.level == "table" and expectation.acceptable and expectation.check.acceptable


def broken_checks(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the checks that a quarantined row breaks, from its reasons."""
    return tuple(reason.partition(":")[0] for reason in reasons)


def release_accepted(
    con: duckdb.DuckDBPyConnection, relation: str, dataset: Dataset, suite: Suite,
    accepted: Sequence[Acceptance],
) -> int:
    """Take rows that people `accepted` out of `quarantine`, and record them in `accepted`.

    The rows are those of `relation` on `con`, a `dataset`'s table that was validated by `suite`.

    Returns:
        How many rows were taken out.
    """
    create_accepted(con)
    left = Counter((item.row_sha256, item.checks) for item in accepted)
    if not left:
        return 0
    columns = ", ".join(identifier(name) for name in dataset.columns)
    rows = con.execute(
        f"SELECT _id, reasons, {columns} FROM quarantine JOIN {identifier(relation)} USING (_id)"
        " WHERE _reject IS NULL ORDER BY _id"
    ).fetchall()
    taken: list[tuple[int, str]] = []
    for row_id, reasons, *values in rows:
        broken = set(broken_checks(reasons))
        content = row_sha256(dict(zip(dataset.columns, values, strict=True)))
        found = next(
            (key for key, rest in left.items()
             if rest and key[0] == content and broken <= set(key[1])), None,
        )
        if found is not None and not refused(tuple(broken), suite):
            left[found] -= 1
            taken += [(row_id, name) for name in sorted(broken)]
    if taken:
        con.executemany("INSERT INTO accepted VALUES (?, ?)", taken)
        con.execute("DELETE FROM quarantine WHERE _id IN (SELECT _id FROM accepted)")
    return len({row_id for row_id, _ in taken})


def all_accepted(con: duckdb.DuckDBPyConnection, check: str, ids_query: str) -> bool:
    """Say whether every row that breaks a check, those of `ids_query` on `con`, was accepted.

    The key must be unique all the same: of rows that share it only one can stay.
    """
    if check == KEY_CHECK:
        return False
    rows = con.execute(
        f"SELECT count(*) FROM ({ids_query}) WHERE _id NOT IN"
        ' (SELECT _id FROM accepted WHERE "check" = ?)', [check],
    ).fetchall()
    return int(rows[0][0]) == 0
