"""Lineage: which cells of which releases a computed cell came from.

A computed dataset's snapshot has three parts:

    inputs.json       a `Computation`: formulas, and number and checksums of each input's release
    cells.parquet     the computed cells; a release's `source_row` counts them, from 1
    lineage.parquet   cell (as `source_row`), input (its name), row (of the input's `data.parquet`,
                      from 0), sorted by all three

So a walk from a published figure goes: row of the computed release → `source_row` and snapshot →
`input_cells` → for each, the row of the input's release, with its own `source_part`, `source_row`
and `source_column` in the input's own snapshot (or, where the input is computed itself, one step
further). Releases and snapshots are immutable and checked, so a walk ends where it ended before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import StoreError
from model.records.snapshot import INPUTS, LINEAGE, Computation, InputRelease
from model.util.hashing import has_checksum, sha256_bytes
from model.util.sql import literal
from warehouse.engine import connect
from warehouse.store import ledger, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot

DATA = "data.parquet"


@dataclass(frozen=True)
class InputCell:
    """A cell that a computed cell came from.

    input: its name in the declaration of the computed dataset.
    release: the number of the release of `dataset`.
    row: of the release's `data.parquet`, from 0.
    observation: its columns, with `source_part`, `source_row` and `source_column`.
    """

    input: str
    dataset: str
    release: int
    row: int
    observation: dict[str, Any]


def is_computed(stored: StoredSnapshot) -> bool:
    """Return whether a snapshot was computed from releases."""
    return any(part.name == LINEAGE for part in stored.snapshot.parts)


def computation(stored: StoredSnapshot) -> Computation:
    """Return what the cells of a computed snapshot were computed from.

    Raises:
        StoreError: the part was changed or lost.
    """
    return Computation.model_validate_json(_part(stored, INPUTS).read_bytes())


def input_cells(data_dir: DataDir, stored: StoredSnapshot, source_row: int) -> list[InputCell]:
    """Return the cells that a cell of a computed snapshot came from, in the order of the inputs.

    Args:
        data_dir: has the inputs' releases.
        stored: the snapshot that the computed release rests on.
        source_row: of the computed cell, as its release has it.

    Raises:
        StoreError: a part or an input's release was changed or lost.
    """
    with connect(rows=1) as con:
        found = con.execute(
            f"SELECT input, row FROM read_parquet({literal(_part(stored, LINEAGE))})"
            " WHERE cell = ? ORDER BY ALL", [source_row],
        ).fetchall()
        rows: dict[str, list[int]] = {}
        for name, row in found:
            rows.setdefault(name, []).append(row)
        cells = []
        for each in computation(stored).inputs:
            wanted = rows.get(each.name, [])
            if not wanted:
                continue
            path = input_release(data_dir, each).path(DATA)
            selected = con.execute(
                f"SELECT * FROM read_parquet({literal(path)}, file_row_number = true)"
                " WHERE list_contains(?, file_row_number) ORDER BY file_row_number", [wanted],
            )
            names = [column[0] for column in selected.description or ()]
            for values in selected.fetchall():
                row = dict(zip(names, values, strict=True))
                number = row.pop("file_row_number")
                cells.append(InputCell(each.name, each.dataset, each.release, number, row))
    return cells


def input_release(data_dir: DataDir, each: InputRelease) -> StoredRelease:
    """Return the release in `data_dir` that the input `each` was, with the checksum it recorded.

    Raises:
        StoreError: it is not there any more, or has other data than was computed with.
    """
    folder = data_dir.releases(each.dataset) / str(each.release)
    stored = releases.load(folder)
    if sha256_bytes(ledger.record_bytes(folder)) != each.release_sha256:
        raise StoreError(
            "the release is not the one that was computed with", where=str(folder),
            todo="run `openindicators doctor --restore`",
        )
    return stored


def _part(stored: StoredSnapshot, name: str) -> Path:
    part = next((each for each in stored.snapshot.parts if each.name == name), None)
    if part is None or not has_checksum(stored.part_path(part), part.sha256):
        raise StoreError(
            f"the part {name} of the computed snapshot is missing or was changed",
            where=str(stored.folder), todo="run `openindicators doctor`",
        )
    return stored.part_path(part)
