"""The declared corrections of a source's errors; each must still find what it expects."""

import duckdb

from model.declarations.dataset import Correction, Dataset
from model.errors import QualityError
from model.util.sql import identifier
from model.util.text import did_you_mean


def correct(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    """Apply the corrections that a `dataset` declares to `raw` on `con`.

    Each must still find what it expects.
    """
    for number, correction in enumerate(dataset.corrections, start=1):
        _apply(con, dataset, correction, f"{dataset.id}, correction {number}")


def _apply(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, correction: Correction, where: str
) -> None:
    for name in correction.key:
        if name not in dataset.key:
            raise QualityError(
                f"its key names {name!r}, which is no key column", where=where,
                todo=did_you_mean(name, set(dataset.key)),
            )
    condition = " AND ".join(f"{identifier(name)} = ?" for name in correction.key)
    key = list(correction.key.values())
    rows = con.execute(f"SELECT obs_value FROM observation WHERE {condition}", key).fetchall()
    if not rows:
        raise QualityError(
            f"no observation has the key {correction.key}", where=where,
            todo="the source has changed: remove or fix the correction",
        )
    if any(value != correction.expect for (value,) in rows):
        found = ", ".join(str(value) for (value,) in rows[:5])
        raise QualityError(
            f"expects {correction.expect}, the source now says {found}", where=where,
            todo="the source may have fixed itself: remove or fix the correction",
        )
    note = f"[{correction.action}] {correction.reason.get('en')} ({correction.source})"
    if correction.action == "drop":
        con.execute(f"DELETE FROM observation WHERE {condition}", key)
        return
    change = {
        "set": "obs_value = ?",
        "scale": "obs_value = obs_value * ?",
        "flag": "obs_status = ?",
    }[correction.action]
    value = correction.status if correction.action == "flag" else correction.value
    if value is None:
        raise QualityError(
            f"the action {correction.action!r} lacks its value", where=where,
            todo="add `status:` for flag, `value:` for set and scale",
        )
    con.execute(
        f"UPDATE observation SET {change}, obs_note = ? WHERE {condition}",
        [value, note, *key],
    )
