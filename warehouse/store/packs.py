"""Packs: what earlier releases have in common is stored once, and each comes back to the byte.

    packs/<sector>/<dataset>/<first>-<last>/rows.parquet      every row of these releases, once,
                                                              with the releases that have it
                                            changes.parquet   that of the first of them, unless it
                                                              is the first of the dataset
                                            records.parquet   their other files, as they were
                                            releases.parquet  their records
                                            pack.json         the checksums of these files

The current release is stored in full; `warehouse.store.packing` makes packs of those before it. The
folder of a packed release goes when the pack has been there for SECONDS, the time that a reader may
hold its files. What a release changed is derived from the rows. The ledger has the checksum of each
record, so that damage to other files of a pack does not touch what releases there are.

Rows are compressed by the engine that wrote them. Where that has another version today, a table
comes back with the same rows, which the checksum of the pack vouches for, in other bytes.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.errors import BusyError, StoreError
from model.records.release import FileRecord, Release
from model.util.disk import atomic_write, disk_errors
from model.util.hashing import has_checksum, sha256_file, unsealed
from model.util.newest import Newest
from model.util.sql import literal
from model.util.text import Frozen
from warehouse.engine import PARQUET_OPTIONS, connect
from warehouse.packed_rows import changes_of, rows_of, write_changes, write_release
from warehouse.store.atomic import remove_directory
from warehouse.store.data_dir import DataDir

log = logging.getLogger(__name__)

DATA, CHANGES = "data.parquet", "changes.parquet"
ROWS, RECORDS, RELEASES, RECORD = (
    "rows.parquet", "records.parquet", "releases.parquet", "pack.json"
)
POSITIONS = "positions"  # in RECORDS, of a release whose rows stood elsewhere in the source
OTHERS = ("quarantine.parquet", "quality.json", "source_schema.json")
PACKED = (DATA, CHANGES, *OTHERS)
AT_ONCE = 64  # rows that are read at once
SECONDS = 3_600.0  # far more than a query over the warehouse takes
_TODO = "run `openindicators doctor --restore`, or restore it from a backup"


class PackRecord(Frozen):
    """The record of a pack: `pack.json`, whose last field is its own checksum."""

    dataset: str
    first: int
    last: int
    writer: str
    files: tuple[FileRecord, ...]
    decimals: int | None = None  # see `warehouse.packed_rows.rows_of`

    def has(self, name: str) -> bool:
        """Return whether the pack has a file of that `name`."""
        return any(file.name == name for file in self.files)


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
                    where=str(self.folder / file.name), todo=_TODO,
                )
        return record

    @property
    def since(self) -> int:
        """Return of which releases on its rows tell what they changed."""
        return self.first + self.record.has(CHANGES)

    @property
    def rows(self) -> str:
        """Return the relation of its rows, in SQL."""
        return rows_of(self.folder / ROWS, self.record.decimals)

    @property
    def name(self) -> str:
        """Return what the column `_pack` of its rows says: `<sector>/<dataset>/<first>-<last>`."""
        return "/".join(self.folder.parts[-3:])

    @property
    def numbers(self) -> range:
        """Return the numbers of its releases."""
        return range(self.first, self.last + 1)

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


def records(data_dir: DataDir, dataset: str) -> dict[int, bytes]:
    """Return the record of each packed release of a `dataset` in `data_dir`, by its number.

    Raises:
        StoreError: they cannot be read.
    """
    found: dict[int, bytes] = {}
    for pack in newest(data_dir, dataset):
        if (path := pack.folder / RELEASES).exists():
            place, written = (path.parents[1], pack.first), (path, path.stat().st_mtime_ns)
            found |= _known.of(place, written, partial(_records, path, pack.held))
    return found


# A dataset's records from a release on, by its folder and that number, with the file that they were
# read from, and its time: a longer pack takes the place of the one before it.
_known: Newest[tuple[Path, int], dict[int, bytes]] = Newest(32)


def record_of(folder: Path) -> bytes | None:
    """Return the record of the packed release whose folder was `folder`; None where none has it.

    Raises:
        StoreError: it cannot be read.
    """
    folder = folder.resolve()
    dataset = "/".join(folder.parts[-3:-1])
    if not folder.name.isdigit() or folder.parent != DataDir(folder.parents[3]).releases(dataset):
        return None
    return records(DataDir(folder.parents[3]), dataset).get(int(folder.name))


def _records(path: Path, held: str) -> dict[int, bytes]:
    import pyarrow as pa  # noqa: PLC0415 - see `_content`
    import pyarrow.parquet as pq  # noqa: PLC0415

    found: dict[int, bytes] = {}
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(AT_ONCE, use_threads=False):
                found |= zip(
                    batch["number"].to_pylist(), batch["content"].to_pylist(), strict=True
                )
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"the records of releases cannot be read ({error}): {held}", where=str(path), todo=_TODO
        ) from error
    return found


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
        derived = name == DATA or (name == CHANGES and release.number >= pack.since)
        if name == CHANGES and not derived:
            shutil.copyfile(pack.folder / CHANGES, staging)
        elif derived:
            with connect(root / "tmp", release.rows) as con:
                if name == DATA:
                    positions = _content(pack, release.number, POSITIONS)
                    write_release(con, pack.rows, release, positions, staging)
                else:
                    first = release.number == pack.first
                    write_changes(con, pack.rows, release.number, staging, first=first)
        else:
            staging.write_bytes(_content(pack, release.number, name) or b"")
        # Other bytes are the same rows where another version of the engine writes them.
        if sha256_file(staging) != expected and not (derived and record.writer != writer()):
            raise StoreError(
                f"release {release.number} does not come back from its pack",
                where=str(pack.folder / ROWS), todo="restore the release from a backup",
            )
    return copy


def changes_in_pack(folder: Path) -> Path | None:
    """Return what the release whose folder is `folder`, and those packed with it, changed.

    That is a table like `changes.parquet`, with a column `release`. It is a cache, whose name is
    its checksum, and which a later run removes. None where the release is in full.

    Raises:
        StoreError: the pack is damaged.
    """
    folder = folder.resolve()
    root, dataset = folder.parents[3], "/".join(folder.parts[-3:-1])
    pack = holding(DataDir(root), dataset, int(folder.name))
    if pack is None or folder.parent != DataDir(root).releases(dataset):
        return None
    target = DataDir(root).unpacked(dataset) / pack.folder.name
    for path in target.glob("*.parquet"):
        if has_checksum(path, path.stem):
            return path
    since = pack.since
    target.mkdir(parents=True, exist_ok=True)
    staging = target / f".{os.getpid()}"
    query = changes_of(
        f'SELECT * EXCLUDE (_pack), {since} AS "since", {pack.last} AS "last" FROM {pack.rows}'
    )
    if since > pack.first:
        of_first = f"SELECT {pack.first} AS release, * FROM read_parquet("
        query += f" UNION ALL BY NAME {of_first}{literal(pack.folder / CHANGES)})"
    with disk_errors(staging), connect(root / "tmp") as con:
        con.execute(f"COPY ({query} ORDER BY ALL) TO {literal(staging)} ({PARQUET_OPTIONS})")
        path = target / f"{sha256_file(staging)}.parquet"
        staging.replace(path)
    return path


def _content(pack: Pack, number: int, name: str) -> bytes | None:
    """Return what a pack keeps of a release (`number`) under a `name`; None where nothing."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 0.2 s; `list` reads no packed file

    with pq.ParquetFile(pack.folder / RECORDS) as file:
        for batch in file.iter_batches(AT_ONCE, use_threads=False):
            keys = zip(batch["number"].to_pylist(), batch["name"].to_pylist(), strict=True)
            for row, key in enumerate(keys):
                if key == (number, name):
                    return bytes(batch["content"][row].as_py())
    return None


def writer() -> str:
    """Return which engine writes tables, with its version."""
    import duckdb  # noqa: PLC0415 - see `warehouse.engine.connect`

    return f"DuckDB {duckdb.__version__}"


def remove_packed(data_dir: DataDir, seconds: float | None = None) -> int:
    """Remove the releases' folders that have been packed for `seconds`; return how many.

    None are SECONDS.

    So go packs that a longer one has replaced for as long. What is packed is compared with its
    checksums before; a damaged pack removes nothing.
    """
    removed, seconds = 0, SECONDS if seconds is None else seconds
    for folder in sorted((data_dir.root / "packs").glob("*/*")):
        dataset = "/".join(folder.parts[-2:])
        every = packs(data_dir, dataset)
        for pack in newest(data_dir, dataset):
            lasts = [item.last for item in every if item.first == pack.first
                     and item.age >= seconds]
            last = max(lasts, default=0)
            gone = [
                *(item.folder for item in every if item.first == pack.first and item.last < last),
                *(path for number in range(pack.first, last + 1)
                  if (path := data_dir.releases(dataset) / str(number)).is_dir()),
            ]
            if gone:
                removed += _remove(data_dir, dataset, pack, gone)
    return removed


def _remove(data_dir: DataDir, dataset: str, pack: Pack, gone: Sequence[Path]) -> int:
    """Remove the folders that a `pack` of a dataset has taken the place of; return how many."""
    try:
        with data_dir.dataset_lock(dataset, 0):
            if not pack.record.has(RELEASES):
                return 0
            for path in gone:
                remove_directory(path)
    except BusyError:
        return 0
    except StoreError as error:
        log.warning("%s", error)
        return 0
    return len(gone)
