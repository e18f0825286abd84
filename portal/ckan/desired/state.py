"""What the portal should have of a dataset: its package and its resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from model.records.release import FileRecord, Release
from model.util.text import Bilingual
from portal.ckan.desired import mapping
from portal.ckan.desired.mapping import Fields
from portal.ckan.resources import release_file
from portal.content import Content
from portal.metadata.identifiers import package_id, release_file_id, resource_id


@dataclass(frozen=True)
class Part:
    """A resource of ours.

    Args:
        fields: what we write of it, `id` included, `url` not.
        file: the file that it stands for.
        content: the release that has the file; where it would be made.
        leads_to: id of the resource that holds the bytes; None for one that holds them itself.
    """

    fields: Fields
    file: FileRecord
    content: Content
    leads_to: str | None = None

    @property
    def id(self) -> str:
        """The resource's id."""
        return str(self.fields["id"])

    @property
    def what(self) -> str:
        """What it is, in words."""
        if self.leads_to:
            return f"file {self.file.name}"
        return release_file(self.fields["releases"], self.file.name)

    @property
    def compared(self) -> Fields:
        """What decides whether the portal's resource is as it should be."""
        return {**self.fields, "leads_to": self.leads_to} if self.leads_to else self.fields


@dataclass(frozen=True)
class DesiredState:
    """What the portal should have of a dataset."""

    dataset: str
    release: int
    fields: Fields
    parts: tuple[Part, ...]
    rows_sha256: str | None  # of the table, where a DataStore is to have one
    table_id: str  # the resource that has the table

    @property
    def id(self) -> str:
        """The package's id."""
        return package_id(self.dataset)


def desired_state(
    contents: list[Content],
    files: Mapping[int, tuple[FileRecord, ...]],
    private: bool,
    rows_sha256: str | None,
    table_file: str,
) -> DesiredState:
    """Return what the portal should have.

    Args:
        contents: the dataset's first release, then those to be offered, oldest first; the last
            one is current.
        files: the files of each offered release that it shall have on the portal, by number.
        private: whether only the organisation shall see the dataset.
        rows_sha256: see `DesiredState`.
        table_file: the file whose resource has the table.
    """
    content = contents[-1]
    dataset = content.dataset.id
    number = content.release.number
    current = [
        Part(
            mapping.current_resource(content, file), file, content,
            release_file_id(dataset, file.name, file.sha256),
        )
        for file in files[number]
    ]
    owners: dict[str, list[tuple[Content, FileRecord]]] = {}
    for offered in contents[1:]:
        for file in files[offered.release.number]:
            key = release_file_id(dataset, file.name, file.sha256)
            owners.setdefault(key, []).append((offered, file))
    own = [
        Part(
            mapping.release_resource(
                found[-1][0], found[-1][1], [item.release for item, _ in found],
                current=found[-1][0].release.number == number,
            ),
            found[-1][1], found[-1][0],
        )
        for found in owners.values()
    ]
    own.sort(key=lambda part: -part.content.release.number)
    return DesiredState(
        dataset, number,
        mapping.package(content, contents[0].release, private, files[number]),
        (*current, *own), rows_sha256, resource_id(dataset, table_file),
    )


def tombstone(
    content: Content, first: Release, reason: Bilingual, on: date, successor: str | None
) -> DesiredState:
    """Return what stays of a withdrawn dataset: a page that says so."""
    dataset = content.dataset.id
    fields = {
        **mapping.package(content, first, private=False, files=()),
        **mapping.tombstone(content, reason, on, successor),
    }
    return DesiredState(dataset, content.release.number, fields, (), None, "")
