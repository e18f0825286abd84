"""The desired state of a dataset on the portal: its package and its resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from model.records.release import FileRecord, Release
from model.util.text import LocalizedText
from portal.ckan.desired import mapping
from portal.ckan.desired.mapping import Fields
from portal.ckan.resources import release_file_label
from portal.content import Content
from portal.metadata.identifiers import package_id, release_file_id, resource_id


@dataclass(frozen=True)
class DesiredResource:
    """A resource of ours.

    fields: its fields that we write, with `id`, without `url`.
    file: the file that it offers.
    content: the release that has the file.
    leads_to: id of the resource that holds the file; None for one that holds it itself.
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
    def label(self) -> str:
        """What it is, in words."""
        if self.leads_to:
            return f"file {self.file.name}"
        return release_file_label(self.fields["releases"], self.file.name)

    @property
    def compared(self) -> Fields:
        """The fields that are compared with the portal's resource."""
        return {**self.fields, "leads_to": self.leads_to} if self.leads_to else self.fields


@dataclass(frozen=True)
class DesiredState:
    """What the portal should have of a dataset.

    dataset: its id.
    release: number of the current release.
    fields: the package's fields that we write.
    resources: in the order in which they are offered.
    rows_sha256: checksum of the DataStore table; None where there should be none.
    table_id: the resource that has the table.
    """

    dataset: str
    release: int
    fields: Fields
    resources: tuple[DesiredResource, ...]
    rows_sha256: str | None
    table_id: str

    @property
    def id(self) -> str:
        """The package's id."""
        return package_id(self.dataset)


def desired_state(
    contents: list[Content], files: Mapping[int, tuple[FileRecord, ...]], private: bool,
    rows_sha256: str | None, table_file: str,
) -> DesiredState:
    """Return what the portal should have.

    Args:
        contents: the dataset's first release, then those to be offered, oldest first; the last
            one is current.
        files: by number, the files of each offered release that the portal should have.
        private: whether only the organisation should see the dataset.
        rows_sha256: see `DesiredState`.
        table_file: the file whose resource has the table.
    """
    content = contents[-1]
    dataset = content.dataset.id
    number = content.release.number
    current = [
        DesiredResource(
            mapping.current_resource(content, file), file, content,
            release_file_id(dataset, file.name, file.sha256),
        )
        for file in files[number]
    ]
    # Releases that share a file share its resource; the newest one describes it.
    offers: dict[str, list[tuple[Content, FileRecord]]] = {}
    for offered in contents[1:]:
        for file in files[offered.release.number]:
            key = release_file_id(dataset, file.name, file.sha256)
            offers.setdefault(key, []).append((offered, file))
    own = []
    for found in offers.values():
        newest, file = found[-1]
        fields = mapping.release_resource(
            newest, file, [item.release for item, _ in found],
            current=newest.release.number == number,
        )
        own.append(DesiredResource(fields, file, newest))
    own.sort(key=lambda resource: -resource.content.release.number)
    return DesiredState(
        dataset, number, mapping.package(content, contents[0].release, private, files[number]),
        (*current, *own), rows_sha256, resource_id(dataset, table_file),
    )


def tombstone(
    content: Content, first: Release, reason: LocalizedText, on: date, successor: str | None
) -> DesiredState:
    """Return what remains of a withdrawn dataset: a page that says so.

    `content` is the release that withdraws it for a `reason`, on the day `on`; `first` is its first
    release, `successor` the address of the dataset that replaces it, if any.
    """
    fields = {
        **mapping.package(content, first, private=False, files=()),
        **mapping.tombstone(content, reason, on, successor),
    }
    return DesiredState(content.dataset.id, content.release.number, fields, (), None, "")
