"""Packs: what earlier releases have in common is stored once, and each comes back to the byte.

    packs/<sector>/<dataset>/<first>-<last>/rows.parquet     every row of these releases, once, with
                                                             the releases that have it
                                            records.parquet  their other packed files, as they were
                                            pack.json        the checksums of both

The current release is stored in full; `warehouse.store.packing` makes packs of those before it. The
files that are packed go when the pack has been there for SECONDS, the time that a reader may hold
them. `release.json` and `changes.parquet` stay.

Rows are compressed by the engine that wrote them. Where that has another version today, a table
comes back with the same rows, which the checksum of the pack vouches for, in other bytes.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model.declarations.dataset import (
    AFTER_DIMENSIONS,
    BEFORE_DIMENSIONS,
    BOUNDS,
    FOOTNOTES,
    PROVENANCE,
)
from model.errors import BusyError, StoreError
from model.records.release import FileRecord, Release
from model.util.disk import atomic_write
from model.util.hashing import has_checksum, sha256_file, unsealed
from model.util.sql import identifier, literal
from model.util.text import Frozen
from warehouse.engine import PARQUET_OPTIONS, ROW_GROUP, connect
from warehouse.store.data_dir import DataDir

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    import duckdb
    import pyarrow as pa

log = logging.getLogger(__name__)

DATA, ROWS, RECORDS, RECORD = "data.parquet", "rows.parquet", "records.parquet", "pack.json"
POSITIONS = "positions"  # in RECORDS, of a release whose rows stood elsewhere in the source
OTHERS = ("quarantine.parquet", "quality.json", "source_schema.json")
PACKED = (DATA, *OTHERS)
SECONDS = 3_600.0  # far more than a query over the warehouse takes


class PackRecord(Frozen):
    """The record of a pack: `pack.json`, whose last field is its own checksum."""

    dataset: str
    first: int
    last: int
    writer: str
    files: tuple[FileRecord, ...]


@dataclass(frozen=True)
class Pack:
    """A pack and the releases that it holds, `first` to `last`."""

    folder: Path
    first: int
    last: int

    @property
    def record(self) -> PackRecord:
        """Return its record; raise where that, or a file of it, was changed or lost."""
        path = self.folder / RECORD
        try:
            record = PackRecord.model_validate_json(unsealed(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"the record of a pack cannot be read ({error}): {self.held}", where=str(path),
                todo="run `openindicators doctor --restore`, or restore it from a backup",
            ) from error
        for file in record.files:
            if not has_checksum(self.folder / file.name, file.sha256):
                raise StoreError(
                    f"the file is missing, or not what its record says: {self.held}",
                    where=str(self.folder / file.name),
                    todo="run `openindicators doctor --restore`, or restore it from a backup",
                )
        return record

    @property
    def name(self) -> str:
        """Return what the column `_pack` of its rows says: `<sector>/<dataset>/<first>-<last>`."""
        return "/".join(self.folder.parts[-3:])

    def holds(self, number: int) -> bool:
        """Return whether a release is in it, by its `number`."""
        return self.first <= number <= self.last

    @property
    def held(self) -> str:
        """Say which releases rest on it."""
        return f"releases {self.first} to {self.last} are in it"

    @property
    def age(self) -> float:
        """Return for how many seconds it has been there."""
        return time.time() - (self.folder / RECORD).stat().st_mtime


def packs(data_dir: DataDir, dataset: str) -> list[Pack]:
    """Return a dataset's packs by their first release; of those with the same, the longest last."""
    found = [pack_of(path.parent) for path in data_dir.packs(dataset).glob(f"*/{RECORD}")]
    return sorted(filter(None, found), key=lambda item: (item.first, item.last))


def pack_of(folder: Path) -> Pack | None:
    """Return the pack in a folder; None where its name is no pack's."""
    first, _, last = folder.name.partition("-")
    return Pack(folder, int(first), int(last)) if first.isdigit() and last.isdigit() else None


def newest(data_dir: DataDir, dataset: str) -> list[Pack]:
    """Return a dataset's packs without those that a longer one has replaced."""
    return list({item.first: item for item in packs(data_dir, dataset)}.values())


def holding(data_dir: DataDir, dataset: str, number: int) -> Pack | None:
    """Return the pack of a `dataset` in `data_dir` that holds the release `number`, if any."""
    found = newest(data_dir, dataset)
    return next((item for item in found if item.holds(number)), None)


def unpacked(folder: Path, release: Release, name: str) -> Path | None:
    """Return a copy of the packed file `name` of a `release`; None where none has it.

    `folder` is that of the release. The copy is a cache, which a later run removes.

    Raises:
        StoreError: the pack is damaged, or does not give the file back.
    """
    folder = folder.resolve()  # a folder over another has links to releases
    root, expected = folder.parents[3], release.file(name).sha256
    if folder != DataDir(root).releases(release.dataset) / str(release.number):
        return None
    pack = holding(DataDir(root), release.dataset, release.number)
    if pack is None or name not in PACKED:
        return None
    copy = DataDir(root).unpacked(release.dataset) / str(release.number) / name
    if has_checksum(copy, expected):
        return copy
    record = pack.record
    with atomic_write(copy, lasting=False) as staging:
        if name == DATA:
            with connect(root / "tmp", release.rows) as con:
                source = f"read_parquet({literal(pack.folder / ROWS)})"
                positions = _content(pack, release.number, POSITIONS)
                write_release(con, source, release, positions, staging)
        else:
            staging.write_bytes(_content(pack, release.number, name) or b"")
        # Other bytes are the same rows where another version of the engine writes them.
        if sha256_file(staging) != expected and (name != DATA or record.writer == writer()):
            raise StoreError(
                f"release {release.number} does not come back from its pack",
                where=str(pack.folder / ROWS), todo="restore the release from a backup",
            )
    return copy


def write_release(
    con: duckdb.DuckDBPyConnection, rows: str, release: Release, positions: bytes | None,
    path: Path,
) -> None:
    """Write the `data.parquet` of a release to `path`.

    Args:
        con: a connection.
        rows: the relation of the pack's rows, sorted by key. More than a row group is read side by
            side, and sorted again.
        release: the record of the release.
        positions: where its rows stood in the source, if not where they are first found.
        path: the file.
    """
    names = _columns(con, rows)
    listed = ", ".join(map(identifier, names))
    order = "" if release.rows <= ROW_GROUP else f" ORDER BY {key_of(names)}"
    query = f"SELECT {listed} FROM {rows} WHERE {has(release.number)}{order}"
    if positions is not None:
        con.register("_positions", _read_positions(positions))
        replaced = ", ".join(f"p.{name} AS {name}" for name in PROVENANCE)
        query = f"SELECT r.* REPLACE ({replaced}) FROM ({query}) r POSITIONAL JOIN _positions p"
    con.execute(f"COPY ({query}) TO {literal(path)} ({PARQUET_OPTIONS})")


def has(number: int) -> str:
    """Return the condition that a row of a pack is in a release (`number`)."""
    return f"_first <= {number} AND _last >= {number}"


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Return the names of a relation's columns, without those of the pack."""
    described = con.execute(f"SELECT * FROM {relation} LIMIT 0").description or ()
    return [name for name, *_ in described if name not in ("_first", "_last", "_pack")]


def key_of(columns: Sequence[str]) -> str:
    """Return by what a table of these columns is sorted: its key, see `Dataset.key`."""
    others = {*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS, *BOUNDS, FOOTNOTES, *PROVENANCE}
    dimensions = [name for name in columns if name not in others]
    return ", ".join(map(identifier, (*BEFORE_DIMENSIONS, *dimensions, "time_period")))


def _content(pack: Pack, number: int, name: str) -> bytes | None:
    """Return what a pack keeps of a release (`number`) under a `name`; None where nothing."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 0.2 s; `list` reads no packed file

    wanted = [("number", "=", number), ("name", "=", name)]
    found = pq.read_table(pack.folder / RECORDS, filters=wanted)["content"].to_pylist()
    return bytes(found[0]) if found else None


def _read_positions(data: bytes) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - see `_content`
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.read_table(pa.BufferReader(data))


def writer() -> str:
    """Return which engine writes tables, with its version."""
    import duckdb  # noqa: PLC0415 - see `warehouse.engine.connect`

    return f"DuckDB {duckdb.__version__}"


def remove_packed(data_dir: DataDir, seconds: float = SECONDS) -> int:
    """Remove the files of releases that have been packed for so many `seconds`; return how many.

    So go packs that a longer one has replaced for as long. What is packed is compared with its
    checksums before; a damaged pack removes nothing.
    """
    removed = 0
    for folder in sorted((data_dir.root / "packs").glob("*/*")):
        dataset = "/".join(folder.parts[-2:])
        every = packs(data_dir, dataset)
        for pack in newest(data_dir, dataset):
            lasts = [item.last for item in every if item.first == pack.first
                     and item.age >= seconds]
            gone = [
                *(item.folder for item in every
                  if item.first == pack.first and item.last < max(lasts, default=0)),
                *(path for number in range(pack.first, max(lasts, default=0) + 1)
                  for name in PACKED
                  if (path := data_dir.releases(dataset) / str(number) / name).exists()),
            ]
            if gone:
                removed += _remove(data_dir, dataset, pack, gone)
    return removed


def _remove(data_dir: DataDir, dataset: str, pack: Pack, gone: Sequence[Path]) -> int:
    """Remove what a `pack` of a dataset has taken the place of (`gone`); return how many."""
    try:
        with data_dir.dataset_lock(dataset, 0):
            _ = pack.record
            for path in gone:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    except BusyError:
        return 0
    except StoreError as error:
        log.warning("%s", error)
        return 0
    return len(gone)
