"""The DataStore's table of a dataset, as a publisher sees it: what it holds, and what differs."""

from __future__ import annotations

from model.records.publication import Difference
from model.reference.registries import Registries
from model.util.hashing import sha256_json
from portal.ckan.datastore.base import Loader, Table
from portal.ckan.datastore.shape import table_schema_of
from portal.content import Content
from portal.distributions.csv_files import csv_table
from portal.metadata.identifiers import resource_id


def table_of(content: Content, registries: Registries) -> Table:
    """Return what a loader needs to know of a release."""
    dataset = content.dataset
    return Table(
        resource_id=resource_id(dataset.id, csv_table.file_name(dataset)),
        data=content.files.path("data.parquet"),
        dataset=dataset,
        registries=registries,
        sha256=content.release.file("data.parquet").sha256,
    )


def rows_sha256(content: Content, registries: Registries) -> str:
    """Return a checksum over rows, types, key and data dictionary."""
    shape = table_schema_of(content.dataset, registries)
    data = content.release.file("data.parquet").sha256
    return sha256_json([data, shape.fields(None), list(shape.key)])


def counted(
    difference: Difference, loader: Loader, content: Content, registries: Registries
) -> Difference:
    """Add to the line about a release's `rows` how many differ.

    Raises:
        PortalError: the table cannot be read.
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
