"""Clean: read the last snapshot into a table of observations."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from model.records.snapshot import Snapshot
from model.records.source_schema import SourceSchema
from model.util.disk import make_folder, staging_path
from model.util.hashing import sha256_json
from pipelines.cluster.clean import clean_in_chunks
from pipelines.steps.bound_dataset import BoundDataset
from sources.base import SourceFile
from sources.connectors.registry import options_of
from warehouse.cleaning.clean import Cleaning, CleanStats, clean
from warehouse.store import releases, snapshots, working_tables
from warehouse.store.data_dir import DataDir
from warehouse.store.snapshots import StoredSnapshot

FEWEST_BYTES = 8  # of a row, also where it is compressed


def table_inputs(bound: BoundDataset, stored: StoredSnapshot) -> str:
    """Return the checksum of what a table is made from: a snapshot, and how it is read.

    `stored` is the snapshot, `bound` the dataset.
    """
    return sha256_json([stored.snapshot.sha256, bound.declaration_sha256, bound.reading_version])


def make_table(bound: BoundDataset, data_dir: DataDir) -> tuple[Path, CleanStats | None]:
    """Read the last snapshot of a `bound` dataset in `data_dir` and clean it into observations.

    Returns:
        `table.parquet`, and the statistics of cleaning (None for a cached table).

    Raises:
        ReadError: the payload cannot be read; names file, line and column.
        DriftError: its source schema is not that of the snapshot released last.
        StoreError: no snapshot yet, or the data folder cannot be written.
    """
    dataset = bound.dataset
    stored = bound.last_snapshot(data_dir)

    own_sql = bound.declaration.sql.get(bound.profile)
    how = Cleaning(
        dataset, bound.source, options_of(bound.source).columns, bound.registries, own_sql,
        _schema_before(data_dir, stored.snapshot),
        stored.snapshot.retrieved.date(),
    )
    cluster = bound.cluster_for(stored)
    chunks = staging_path(data_dir.tables(dataset.id) / "chunks")

    def fill(con: duckdb.DuckDBPyConnection, file: Path | None) -> CleanStats:
        batches = read_snapshot(bound, stored)
        if cluster is None:
            return clean(con, batches, how, file)
        make_folder(chunks)
        return clean_in_chunks(con, batches, how, cluster, chunks)

    # The declaration's SQL works in an engine of its own, which it closes to the world.
    most_rows = sum(part.bytes for part in stored.snapshot.parts) // FEWEST_BYTES
    with data_dir.dataset_lock(dataset.id):
        try:
            return working_tables.write_table(
                data_dir, dataset, table_inputs(bound, stored), fill, None if own_sql else most_rows
            )
        finally:
            shutil.rmtree(chunks, ignore_errors=True)


def _schema_before(data_dir: DataDir, snapshot: Snapshot) -> SourceSchema | None:
    """Return the source schema that the dataset was released with before a `snapshot`, or None."""
    history = releases.history(data_dir, snapshot.dataset)
    others = [each for each in history if each.release.snapshot_sha256 != snapshot.sha256]
    return others[-1].source_schema if others else None


def read_snapshot(bound: BoundDataset, stored: StoredSnapshot) -> Iterable[pa.RecordBatch]:
    """Read the snapshot `stored` of the dataset `bound` into batches with the source's own columns.

    Raises:
        ReadError: the payload cannot be read; names file, line and column.
        StoreError: a part of it was changed or lost.
    """
    snapshots.verify(stored)
    parts = [SourceFile.of(part, stored.part_path(part)) for part in stored.snapshot.parts]
    return bound.protocol.read(parts, options_of(bound.source))
