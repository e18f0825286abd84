"""The DataStore's table of a dataset: what it should hold, and how many rows differ."""

from __future__ import annotations

from model.records.publication import Difference
from model.reference.registries import Registries
from model.util.hashing import sha256_json
from portal.ckan.datastore.loader import DataStoreTable, TableLoader
from portal.ckan.datastore.table_schema import table_schema_of
from portal.content import Content
from portal.distributions.csv_files import csv_table
from portal.metadata.identifiers import resource_id


def table_of(content: Content, registries: Registries) -> DataStoreTable:
    """Return what a loader needs to know of a release (`content`), codes named by `registries`."""
    dataset = content.dataset
    return DataStoreTable(
        resource_id=resource_id(dataset.id, csv_table.file_name(dataset)),
        data=content.files.path("data.parquet"),
        schema=table_schema_of(dataset, registries, content.published_columns),
        sha256=content.release.file("data.parquet").sha256,
    )


def rows_sha256(content: Content, registries: Registries) -> str:
    """Return a checksum over rows, types, key and dictionary (by `registries`) of `content`."""
    schema = table_schema_of(content.dataset, registries, content.published_columns)
    data = content.release.file("data.parquet").sha256
    return sha256_json([data, schema.fields(None), list(schema.key)])


def with_row_counts(
    difference: Difference, loader: TableLoader, content: Content, registries: Registries
) -> Difference:
    """Add to a `difference` in `rows` how many of them differ; return others as they are.

    The `loader` reads the table and compares it with the release `content`, `registries` naming
    codes.
    """
    if difference.what != "rows" or difference.change == "=":
        return difference
    if difference.change == "+":
        return difference.model_copy(update={"detail": f"{content.release.rows} rows"})
    found = loader.plan(table_of(content, registries))
    detail = f"+{found.added} ~{found.revised} -{found.withdrawn} ={found.same}"
    if found.structure_changed:
        detail += ", columns"
    if found.dictionary_changed:
        detail += ", data dictionary"
    return difference.model_copy(update={"detail": detail})
