"""Working tables between two releases: cleaned observations, and what validation left of them.

    tables/<sector>/<dataset>/<inputs>/table.parquet        observations with their positions
    tables/<sector>/<dataset>/<inputs>/source_schema.json   columns, types, units, codes
    tables/<sector>/<dataset>/<inputs>/<suite>/             data, quarantine, quality

`<inputs>` and `<suite>` are checksums: the same inputs find their table made already. Each folder
has the checksums of its files (`sha256.json`), and one whose files have changed is made again. Only
the newest is kept; all can be deleted at any time.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from model.declarations.dataset import Dataset
from model.records.source_schema import SourceSchema
from model.records.tables import QUARANTINE, in_order, is_in_file
from model.records.validation import QualityRecord
from model.util.disk import disk_errors
from model.util.hashing import has_checksum, pretty_json, sha256_file
from model.util.sql import identifier, literal
from warehouse.cleaning.clean import CleanStats
from warehouse.engine import PARQUET_OPTIONS, ROW_GROUP, connect, limit_threads
from warehouse.store.atomic import atomic_directory, remove_directory
from warehouse.store.data_dir import DataDir

SHORT = 16  # hex digits of a checksum that name a working folder
CHECKSUMS = "sha256.json"  # name of each file in a working folder -> its checksum


@dataclass(frozen=True)
class Validated:
    """The outcome of validation on disk."""

    folder: Path
    quality: QualityRecord

    @property
    def data(self) -> Path:
        """What may be released: the dataset's columns, sorted by key."""
        return self.folder / "data.parquet"

    @property
    def source_schema_file(self) -> Path:
        """The source schema's file."""
        return self.folder.parent / "source_schema.json"

    @property
    def source_schema(self) -> SourceSchema:
        """The source schema."""
        return read_source_schema(self.folder)

    @property
    def quarantine(self) -> Path:
        """What was quarantined, with reasons and positions."""
        return self.folder / "quarantine.parquet"


def table_folder(data_dir: DataDir, dataset: str, inputs_sha256: str) -> Path:
    """Return the folder in `data_dir` of a `dataset`'s table made of inputs with this checksum.

    `inputs_sha256` covers snapshot, declaration and the versions of what reads them.
    """
    return data_dir.tables(dataset) / inputs_sha256[:SHORT]


def validated_folder(table: Path, suite_sha256: str) -> Path:
    """Return the folder of what the suite of checksum `suite_sha256` leaves of a folder `table`."""
    return table / suite_sha256[:SHORT]


def write_table(
    data_dir: DataDir, dataset: Dataset, inputs_sha256: str,
    fill: Callable[[duckdb.DuckDBPyConnection, Path | None], CleanStats], rows: int | None = None,
) -> tuple[Path, CleanStats | None]:
    """Make `table.parquet` and `source_schema.json`, unless these inputs made them already.

    `inputs_sha256` is the checksum of snapshot, declaration (`dataset`) and code; `data_dir` gets
    the files. `fill` makes the table `observation` on a connection, or a large one in a file (see
    `warehouse.cleaning.clean`), of at most so many `rows` where that is known.

    Returns:
        The file, and the statistics of cleaning (None when it was there already).
    """
    folder = table_folder(data_dir, dataset.id, inputs_sha256)
    path = folder / "table.parquet"
    if is_whole(folder):
        _keep_only(folder)  # a run may have been killed while it did this
        return path, None
    shutil.rmtree(folder, ignore_errors=True)  # damaged: it is made again from the snapshot
    with atomic_directory(folder) as staging, connect(data_dir.root / "tmp", rows) as con:
        file = staging / "table.parquet"
        stats = fill(con, file if rows is not None and rows > ROW_GROUP else None)
        if not (file.exists() and is_in_file(con)):
            # The declaration's SQL disables access to files: export through Arrow then.
            _export(con, f"FROM observation ORDER BY {in_order(dataset)}", file)
        with disk_errors(staging):
            text = pretty_json(stats.source_schema)
            (staging / "source_schema.json").write_text(text, encoding="utf-8")
        _write_checksums(staging)
    _keep_only(folder)
    return path, stats


def is_whole(folder: Path) -> bool:
    """Return whether a working `folder` is there and its files have their checksums."""
    found = checksums_of(folder)
    return found is not None and all(
        has_checksum(f"{folder}/{name}", sha256) for name, sha256 in found.items()
    )


def checksums_of(folder: Path) -> dict[str, str] | None:
    """Return the checksum of each file of a working `folder`, by name; None without a record.

    One with a name that is none of a file is damaged.
    """
    try:
        found = dict(json.loads((folder / CHECKSUMS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return found if all(Path(name).name == name for name in found) else None


def _write_checksums(folder: Path) -> None:
    with disk_errors(folder):
        found = {path.name: sha256_file(path) for path in folder.iterdir() if path.is_file()}
        (folder / CHECKSUMS).write_text(pretty_json(found), encoding="utf-8")


def _export(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    external = con.execute("SELECT current_setting('enable_external_access')").fetchone()
    if external and external[0]:
        con.execute(f"COPY ({query}) TO {literal(path)} ({PARQUET_OPTIONS})")
        return
    reader = con.execute(query).to_arrow_reader(100_000)
    with pq.ParquetWriter(path, reader.schema, compression="zstd", version="2.6") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _keep_only(folder: Path) -> None:
    """Delete the working tables that `folder` replaces."""
    for other in folder.parent.iterdir():
        if other != folder and other.is_dir():
            remove_directory(other)


def read_source_schema(beside: Path) -> SourceSchema:
    """Return the source schema that a working table, or what was validated `beside` it, is from."""
    text = beside.with_name("source_schema.json").read_text(encoding="utf-8")
    return SourceSchema.model_validate_json(text)


def open_table(con: duckdb.DuckDBPyConnection, table: Path, in_place: bool = True) -> str:
    """Make a working table available as the relation `observation` of `con`; returns its name.

    A large one that is not changed `in_place` stays in its file: scans of it cost less there than
    in memory, where its texts are not compressed.
    """
    large = not in_place and pq.read_metadata(table).num_rows > ROW_GROUP
    con.execute(
        f"CREATE OR REPLACE {'VIEW' if large else 'TABLE'} observation AS"
        f" FROM read_parquet({literal(table)})"
    )
    return "observation"


def write_validated(
    data_dir: DataDir, dataset: Dataset, table: Path, suite_sha256: str,
    validate: Callable[[duckdb.DuckDBPyConnection, str], QualityRecord], in_place: bool = True,
) -> Validated:
    """Validate a `table` of a `dataset`; write what may be released, the quarantine, the record.

    A result in `data_dir` under the same `suite_sha256`, of what validates it, is read, not made
    again. `validate` gets a connection with the relation `observation`, which it may change where
    `in_place`, and leaves the table QUARANTINE there.
    """
    folder = validated_folder(table.parent, suite_sha256)
    if is_whole(folder):
        return read_validated(folder)
    shutil.rmtree(folder, ignore_errors=True)
    rows = pq.read_metadata(table).num_rows
    with atomic_directory(folder) as staging, connect(data_dir.root / "tmp", rows) as con:
        quality = validate(con, open_table(con, table, in_place))
        limit_threads(con, rows)
        columns = ", ".join(identifier(name) for name in dataset.columns)
        [(quarantined,)] = con.execute(f"SELECT count(*) FROM {QUARANTINE}").fetchall()
        # The table is in this order already; a join may lose it.
        rest = f"WHERE _id NOT IN (SELECT _id FROM {QUARANTINE}) ORDER BY {in_order(dataset)}"
        con.execute(
            f"COPY (SELECT {columns}, _part AS source_part, _row AS source_row,"
            " nullif(_column, '') AS source_column FROM observation"
            f" {rest if quarantined or in_place else ''})"
            f" TO {literal(staging / 'data.parquet')} ({PARQUET_OPTIONS})"
        )
        con.execute(
            f"COPY (SELECT {columns}, _part, _row, _column, _original, reasons"
            f" FROM observation JOIN {QUARANTINE} USING (_id) ORDER BY _id)"
            f" TO {literal(staging / 'quarantine.parquet')} ({PARQUET_OPTIONS})"
        )
        with disk_errors(staging):
            (staging / "quality.json").write_text(pretty_json(quality), encoding="utf-8")
        _write_checksums(staging)
    return Validated(folder, quality)


def read_validated(folder: Path) -> Validated:
    """Return the outcome that an earlier validation wrote."""
    text = (folder / "quality.json").read_text(encoding="utf-8")
    return Validated(folder, QualityRecord.model_validate_json(text))
