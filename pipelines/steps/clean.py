"""Clean: read the last snapshot into a table of observations."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from model.util.hashing import sha256_json
from pipelines.steps.bound_dataset import BoundDataset
from sources.base import SourceFile
from sources.connectors.registry import options_of
from warehouse.cleaning.clean import CleanStats, clean
from warehouse.store import releases, snapshots, working_tables
from warehouse.store.data_dir import DataDir
from warehouse.store.snapshots import StoredSnapshot


def table_inputs(bound: BoundDataset, stored: StoredSnapshot) -> str:
    """Return the checksum of what a dataset's table is made from: a snapshot, and how it is read.
    """
    return sha256_json([stored.snapshot.sha256, bound.declaration_sha256, bound.reading_version])


def make_table(bound: BoundDataset, data_dir: DataDir) -> tuple[Path, CleanStats | None]:
    """Read the last snapshot and clean it into observations.

    Args:
        bound: the dataset.
        data_dir: holds the snapshot; the table is cached there.

    Returns:
        `table.parquet`, and the statistics of cleaning (None for a cached table).

    Raises:
        ReadError: the payload cannot be read; names file, line and column.
        DriftError: its source schema is not that of the snapshot released last.
        StoreError: no snapshot yet, or the data folder cannot be written.
    """
    dataset = bound.dataset
    stored = bound.last_snapshot(data_dir)

    def fill(con: duckdb.DuckDBPyConnection) -> CleanStats:
        snapshots.verify(stored)
        parts = [
            SourceFile.of(part, stored.part_path(part)) for part in stored.snapshot.parts
        ]
        options = options_of(bound.source)
        batches: Iterable = bound.protocol.read(parts, options)
        return clean(
            con, batches, dataset, bound.source, options.columns,
            bound.registries, bound.declaration.sql.get(bound.profile),
            releases.source_schema_before(data_dir, dataset.id, stored.snapshot.sha256),
            stored.snapshot.retrieved.date(),
        )

    with data_dir.dataset_lock(dataset.id):
        return working_tables.write_table(data_dir, dataset, table_inputs(bound, stored), fill)
