"""What the next release changes: `changes.parquet`, and what the release's record says of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.declarations.dataset import Dataset
from model.records.release import Changes, Release
from model.util.sql import literal
from warehouse.differences import changes_sql
from warehouse.engine import PARQUET_OPTIONS
from warehouse.versions import next_version, structure_changes

if TYPE_CHECKING:  # `list` reads releases without DuckDB, and nothing but their type is needed
    import duckdb

    from warehouse.store.releases import StoredRelease


def write_changes(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, before: StoredRelease | None, folder: Path
) -> dict[str, Any]:
    """Write `changes.parquet`: one row for each observation added, revised or withdrawn.

    `folder` holds the `data.parquet` of a `dataset` and gets the file. A key that differs in its
    columns from that of the release `before` makes every row new. `con` computes it.

    Returns:
        What the record of the release says of it: `changes`, `structure` and `version`.
    """
    target = f"{literal(folder / 'changes.parquet')} ({PARQUET_OPTIONS})"
    data, old = folder / "data.parquet", before.path("data.parquet") if before else None
    comparable = before is None or same_key(dataset, before.release)
    query = changes_sql(dataset.key, dataset.columns, data, old if comparable else None)
    con.execute(f"COPY ({query}) TO {target}")
    counts = dict(
        con.execute(
            f"SELECT change, count(*) FROM read_parquet({literal(folder / 'changes.parquet')})"
            " GROUP BY change"
        ).fetchall()
    )
    withdrawn = counts.get("withdrawn", 0)
    if before is not None and not comparable:
        withdrawn = before.release.rows
    changes = Changes(
        added=counts.get("added", 0), revised=counts.get("revised", 0), withdrawn=withdrawn
    )
    last = before.release if before else None
    structure = structure_changes(con, dataset, data, last, old) if last and old else ()
    version = next_version(last, structure, changes, comparable)
    return {"changes": changes, "structure": structure, "version": version}


def same_key(dataset: Dataset, last: Release) -> bool:
    """Whether the observations of the release `last` have the key that the `dataset` has now."""
    return set(last.declaration.get("dimensions", {})) == set(dataset.dimensions)
