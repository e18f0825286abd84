"""The loaders' interface: a release's table, how the portal's differs from it, `TableLoader`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model.errors import PortalError
from portal.ckan.client import ActionRefused, CkanClient
from portal.ckan.datastore.row_comparison import RowCounts
from portal.ckan.datastore.table_schema import TableSchema


@dataclass(frozen=True)
class DataStoreTable:
    """What a DataStore table should hold.

    resource_id: the UUID of the CKAN resource that has the table.
    data: a release's data.parquet.
    schema: columns with declared types, key and data dictionary.
    sha256: the checksum of `data`. It is recorded with the table on the portal, so that an
        unchanged table is recognised without reading rows.
    """

    resource_id: str
    data: Path
    schema: TableSchema
    sha256: str


@dataclass(frozen=True)
class TableDifference(RowCounts):
    """How many rows differ, and whether columns, key, indexes or the dictionary do."""

    structure_changed: bool
    dictionary_changed: bool

    @property
    def empty(self) -> bool:
        """Whether there is nothing to load."""
        return not (self.changed or self.structure_changed or self.dictionary_changed)


class TableLoader(Protocol):
    """Loads tables into a DataStore."""

    def plan(self, table: DataStoreTable) -> TableDifference:
        """Compare the portal's table with the release; write nothing.

        Where the checksum recorded with the table is `table.sha256`, no row is read. Raises
        PortalError where the portal cannot be read, or the release holds what no DataStore can.
        """

    def load(self, table: DataStoreTable) -> None:
        """Make the portal's table equal to the release, and verify it by reading it back.

        May be called again after a failure or a killed run: it resumes from whatever exists. Raises
        PortalError, and BusyError where another run is loading this table.
        """

    def drop(self, resource_id: str) -> None:
        """Remove the table, and what an interrupted load may have left of it, if it exists."""


def valid_resource_id(resource_id: str) -> str:
    """Return a resource id if it is a UUID, else raise PortalError: nothing else names a table."""
    try:
        if str(uuid.UUID(resource_id)) == resource_id:
            return resource_id
    except ValueError:
        pass
    raise PortalError(
        f"{resource_id!r} is not the id of a resource",
        todo="give the resource's UUID, in lower case with hyphens",
    )


def drop_by_api(client: CkanClient, resource_id: str) -> None:
    """Drop the table `resource_id` through CKAN's `client`: with aliases and `datastore_active`."""
    try:
        client.repeat(
            lambda: client.call("datastore_delete", {"resource_id": resource_id, "force": True})
        )
    except ActionRefused as refused:
        if not refused.missing:
            raise
