"""Making packs: releases before the current one are added to the newest pack of their dataset.

A pack is written anew beside the old one, with one release more, until it has ROWS_EACH times the
rows of a release: so reading a release from it costs little more than reading a file of its own; or
until its records have RECORDS_EACH bytes, which are all in memory while it is written. A release is
packed only when its files come back with the checksums of its record; else it stays in
full, and the next pack begins after it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from model.declarations.dataset import PROVENANCE
from model.errors import BusyError, StoreError
from model.records.release import FileRecord, Release
from model.util.disk import STAGING, disk_errors, make_folder
from model.util.hashing import has_checksum, pretty_json, sealed, sha256_file
from model.util.parquet import read_parquet
from model.util.sql import identifier, literal
from warehouse.engine import connect
from warehouse.packed_rows import has, key_of, rows_of, write_changes, write_release, write_rows
from warehouse.store import ledger
from warehouse.store.atomic import atomic_directory
from warehouse.store.data_dir import DataDir
from warehouse.store.packs import (
    CHANGES,
    DATA,
    OTHERS,
    PACKED,
    POSITIONS,
    RECORD,
    RECORDS,
    RELEASES,
    ROWS,
    Pack,
    PackRecord,
    newest,
    writer,
)

log = logging.getLogger(__name__)

WORTH = 262_144  # bytes that wait to be packed: less is not worth a file
# A pack's rows, of those of one release: reading costs 1.3 to 1.5 times as much as of a file of its
# own, and of 1 % revised rows a hundred releases share one (`make bench-history`).
ROWS_EACH = 2
ROWS_FREE = 20_000  # rows are read at once up to here
RECORDS_EACH = 4 << 20  # 80 releases whose quality records have 50 kB


def pack_all(data_dir: DataDir) -> int:
    """Pack the releases before each dataset's current one; return how many were packed now.

    What is damaged, cannot be written, or is being written by another process, is left as it is.
    """
    done = 0
    for folder in sorted((data_dir.root / "releases").glob("*/*")):
        dataset = "/".join(folder.parts[-2:])
        if not _waiting(data_dir, dataset):
            continue
        try:
            with data_dir.dataset_lock(dataset, 0):
                done += _pack(data_dir, dataset, _waiting(data_dir, dataset))
        except BusyError:
            continue
        except StoreError as error:
            log.warning("releases of %s are not packed: %s", dataset, error)
    return done


def _waiting(data_dir: DataDir, dataset: str) -> list[Path]:
    """Return the folders of the releases that wait to be packed, oldest first."""
    folder, known = data_dir.releases(dataset), newest(data_dir, dataset)
    after = known[-1].last if known else 0
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())[:-1]
    found = [folder / str(number) for number in numbers if number > after]
    files = [path / name for path in found for name in PACKED]
    size = sum(path.stat().st_size for path in files if path.exists())
    return found if size >= WORTH else []


def _pack(data_dir: DataDir, dataset: str, waiting: Sequence[Path]) -> int:
    """Add releases to the newest pack of a dataset, or to new ones; return how many."""
    if not waiting:
        return 0
    entries = ledger.entries(data_dir, dataset)
    done, target = 0, data_dir.packs(dataset)
    with disk_errors(target):
        make_folder(target)
        folder_for_comparing = TemporaryDirectory(dir=target, prefix=".", suffix=STAGING)
    rows = max(pq.read_metadata(path / DATA).num_rows for path in waiting)
    with folder_for_comparing as compared, connect(data_dir.root / "tmp", rows) as con:
        scratch, known = Path(compared), newest(data_dir, dataset)
        # A release comes back to the byte only by the engine that its pack was compared with.
        record = known[-1].record if known else None
        same = record is not None and record.writer == writer() and record.has(RELEASES)
        current = _Packing.go_on(con, known[-1], scratch) if same else None
        for folder in waiting:
            entry = entries.get(int(folder.name))
            if entry is None or not has_checksum(folder / ledger.RECORD, entry.sha256):
                continue
            release = Release.model_validate_json((folder / ledger.RECORD).read_bytes())
            if current is not None and not current.takes(release, folder / DATA):
                current.commit(data_dir, dataset)
                current = None
            if not _is_whole(folder, release):
                continue
            if current is None:
                current = _Packing.begin(con, folder, scratch)
            if current.add(release, folder):
                done += 1
        if current is not None:
            current.commit(data_dir, dataset)
    return done


def _is_whole(folder: Path, release: Release) -> bool:
    files = [file for file in release.files if file.name in PACKED]
    return all(has_checksum(folder / file.name, file.sha256) for file in files)


@dataclass
class _Packing:
    """A pack that is being made: its rows are the table `_rows` of `con`.

    con: a connection of its own; `_rows` is sorted by key and first release.
    columns: of `data.parquet`, with their types, as DuckDB describes them.
    first, last: the releases that it has so far.
    others: the packed files as (number, name, content); so are the records.
    changes: the file of changes of the first; None where its rows tell them.
    scratch: a folder for files that are only compared.
    added: whether it has more than its pack on the disk.
    """

    con: duckdb.DuckDBPyConnection
    columns: list[tuple[str, str]]
    first: int
    last: int
    others: list[tuple[int, str, bytes]]
    changes: bytes | None
    scratch: Path
    added: bool = False

    @classmethod
    def begin(
        cls, con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path
    ) -> _Packing:
        """Begin a pack with the columns of the release in `folder`, for releases from it on."""
        data, number = folder / DATA, int(folder.name)
        con.execute(
            "CREATE OR REPLACE TABLE _rows AS SELECT *, 0 AS _first, 0 AS _last"
            f" FROM read_parquet({literal(data)}) LIMIT 0"
        )
        changes = (folder / CHANGES).read_bytes()
        columns = _described(con, rows_of(data, None))
        return cls(con, columns, number, number - 1, [], changes, scratch)

    @classmethod
    def go_on(cls, con: duckdb.DuckDBPyConnection, pack: Pack, scratch: Path) -> _Packing:
        """Go on with a pack, whose files are what its record says."""
        con.execute(
            f"CREATE OR REPLACE TABLE _rows AS SELECT * EXCLUDE (_pack) FROM {pack.rows}"
        )
        others = [
            (row["number"], row["name"], row["content"])
            for name in (RECORDS, RELEASES)
            for row in read_parquet(pack.folder / name).to_pylist()
        ]
        columns = _described(con, pack.rows)[:-3]
        changes = (pack.folder / CHANGES).read_bytes() if pack.since > pack.first else None
        return cls(con, columns, pack.first, pack.last, others, changes, scratch)

    def takes(self, release: Release, data: Path) -> bool:
        """Return whether the next release, with its file `data`, still fits."""
        changed = release.changes.added + release.changes.revised
        most = max(ROWS_FREE, ROWS_EACH * release.rows)
        return (
            release.number == self.last + 1
            and _described(self.con, rows_of(data, None)) == self.columns
            and (self.last < self.first or self._count() + changed <= most)
            and sum(len(content) for _, _, content in self.others) < RECORDS_EACH
        )

    def _count(self) -> int:
        [(rows,)] = self.con.execute("SELECT count(*) FROM _rows").fetchall()
        return int(rows)

    def add(self, release: Release, folder: Path) -> bool:
        """Add the release in a `folder`; return False where it would not come back to the byte."""
        con, number = self.con, release.number
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW _new AS FROM read_parquet({literal(folder / DATA)})"
        )
        same = " AND ".join(
            f"r.{identifier(name)} IS NOT DISTINCT FROM n.{identifier(name)}"
            for name, _ in self.columns if name not in PROVENANCE
        )
        con.execute(
            f"UPDATE _rows AS r SET _last = {number} FROM _new n"
            f" WHERE r._last = {self.last} AND {same}"
        )
        con.execute(
            f"INSERT INTO _rows SELECT n.*, {number}, {number} FROM _new n"
            f" WHERE NOT EXISTS (SELECT 1 FROM _rows r WHERE r._last = {number} AND {same})"
        )
        key = key_of([name for name, _ in self.columns])
        con.execute(f"CREATE OR REPLACE TABLE _rows AS FROM _rows ORDER BY {key}, _first")
        positions = self._positions(number)
        write_release(con, "_rows", release, positions, self.scratch / DATA)
        same_bytes = sha256_file(self.scratch / DATA) == release.file(DATA).sha256
        is_first = release.reason == "first release"
        if same_bytes and (number > self.first or is_first):
            write_changes(con, "_rows", number, self.scratch / CHANGES, first=is_first)
            derived = sha256_file(self.scratch / CHANGES) == release.file(CHANGES).sha256
            same_bytes = derived or is_first
            self.changes = None if derived and is_first else self.changes
        if not same_bytes:
            log.info("%s does not come back to the byte: it stays in full", folder)
            con.execute(f"DELETE FROM _rows WHERE _first = {number}")
            con.execute(f"UPDATE _rows SET _last = {self.last} WHERE _last = {number}")
            return False
        names = [ledger.RECORD, *(file.name for file in release.files if file.name in OTHERS)]
        self.others += [(number, name, (folder / name).read_bytes()) for name in names]
        self.others += [(number, POSITIONS, positions)] if positions is not None else []
        self.last, self.added = number, True
        return True

    def _positions(self, number: int) -> bytes | None:
        """Return where the rows of a release (`number`) stand; None where `_rows` says the same."""
        if not {name for name, _ in self.columns}.issuperset(PROVENANCE):
            return None
        there, new = (
            self.con.execute(f"SELECT {', '.join(PROVENANCE)} FROM {name}").to_arrow_table()
            for name in (f"_rows WHERE {has(number)}", "_new")
        )
        return None if there.equals(new) else _write_positions(new)

    def commit(self, data_dir: DataDir, dataset: str) -> None:
        """Write the pack of a `dataset` to `data_dir`, beside the one that it replaces."""
        if not self.added:
            return
        name = f"{self.first}-{self.last}"
        with atomic_directory(data_dir.packs(dataset) / name) as staging:
            decimals = write_rows(self.con, "_rows", f"{dataset}/{name}", staging / ROWS)
            for file, chosen in ((RELEASES, {ledger.RECORD}), (RECORDS, {*OTHERS, POSITIONS})):
                _write_files(staging / file, [item for item in self.others if item[1] in chosen])
            if self.changes is not None:
                (staging / CHANGES).write_bytes(self.changes)
            self._compare(staging / ROWS, decimals)
            files = tuple(
                FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
                for path in sorted(staging.iterdir())
            )
            record = PackRecord(
                dataset=dataset, first=self.first, last=self.last, writer=writer(), files=files,
                decimals=decimals,
            )
            (staging / RECORD).write_text(sealed(pretty_json(record)), encoding="utf-8")

    def _compare(self, path: Path, decimals: int | None) -> None:
        """Check that a file of so many `decimals` has the rows that releases were compared with."""
        names = ", ".join(identifier(name) for name, _ in self.columns)
        counts = [
            self.con.execute(
                f"SELECT count(*), sum(hash({names}, _first, _last)) FROM {source}"
            ).fetchone()
            for source in ("_rows", rows_of(path, decimals))
        ]
        if counts[0] != counts[1]:
            raise StoreError(
                "a pack differs from what was written", where=str(path),
                todo="check the machine's memory and disk, then run again: nothing was removed",
            )


def _described(con: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    found = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return [(name, kind) for name, kind, *_ in found]


def _write_files(path: Path, files: Sequence[tuple[int, str, bytes]]) -> None:
    """Write files as (number, name, content) to one of Parquet, in a page, as they are alike."""
    schema = pa.schema(
        [("number", pa.int32()), ("name", pa.string()), ("content", pa.large_binary())]
    )
    ordered = sorted(files, key=lambda item: (item[1], item[0]))
    pq.write_table(
        pa.table(list(map(list, zip(*ordered, strict=True))), schema), path, compression="zstd",
        compression_level=9, data_page_size=1 << 25, dictionary_pagesize_limit=1 << 25,
    )


def _write_positions(table: pa.Table) -> bytes:
    """Return positions as Parquet; rows that follow each other in the source cost next to nothing.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", version="2.6", write_statistics=False,
        use_dictionary=["source_part", "source_column"], store_schema=False,
        column_encoding={"source_row": "DELTA_BINARY_PACKED"},
    )
    return bytes(sink.getvalue())
