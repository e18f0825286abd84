"""The door: a release's table, how it differs from the portal's, and what a loader can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from portal.ckan.datastore.shape import TableSchema, table_schema_of


@dataclass(frozen=True)
class Table:
    """What a DataStore table should hold.

    Args:
        resource_id: the UUID of the CKAN resource that has the table.
        data: a release's data.parquet.
        dataset: the declaration by which the release was made.
        registries: names for the data dictionary.
        sha256: the checksum of `data`; it is recorded in the portal with the table, so that an
            unchanged table is known without reading rows.
    """

    resource_id: str
    data: Path
    dataset: Dataset
    registries: Registries
    sha256: str

    @property
    def shape(self) -> TableSchema:
        """Columns with declared types, key and dictionary."""
        return table_schema_of(self.dataset, self.registries)


@dataclass(frozen=True)
class TableDifference:
    """How many rows differ, and whether columns, key, indexes or the dictionary do."""

    added: int
    revised: int
    withdrawn: int
    same: int
    structure_changed: bool
    dictionary_changed: bool

    @property
    def empty(self) -> bool:
        """Whether there is nothing to load."""
        return not (
            self.added or self.revised or self.withdrawn
            or self.structure_changed or self.dictionary_changed
        )


class Loader(Protocol):
    """Brings tables into a DataStore."""

    def plan(self, table: Table) -> TableDifference:
        """Compare the portal's table with the release; write nothing.

        Where the checksum recorded with the table is `table.sha256`, no row is read.

        Raises:
            PortalError: the portal cannot be read, or the release holds what no DataStore can.
        """
        ...

    def load(self, table: Table) -> None:
        """Make the portal's table equal to the release, and read it back to prove it.

        May be called again after a failure or a killed run: it goes on from whatever is there.

        Raises:
            PortalError: what the portal said and what to do.
            BusyError: another run is loading this table.
        """
        ...

    def drop(self, resource_id: str) -> None:
        """Remove the table, and what an interrupted load may have left of it, if it exists.

        Raises:
            PortalError: the portal refused.
        """
        ...
