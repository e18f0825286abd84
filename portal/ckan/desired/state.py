"""The desired state of a dataset on the portal, and the checks before it is written.

The checks find what CKAN would refuse, or break on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from model.errors import PortalError
from model.records.release import FileRecord, Release
from model.util.hashing import canonical_json
from model.util.text import LocalizedText
from portal.ckan.desired import mapping
from portal.ckan.desired.mapping import Fields
from portal.ckan.resources import release_file_label
from portal.content import Content
from portal.metadata.identifiers import package_id, release_file_id, resource_id

DRAFT_SUFFIX = "_draft"  # of the name of a draft, a dataset of its own


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

    `contents` are the dataset's first release, then those to be offered, oldest first, the last one
    current; `files` those of each that the portal should have, by its number. If `private`, only
    the organisation should see the dataset. The resource of `table_file` has the table; for
    `rows_sha256` see `DesiredState`.
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


# Solr's longest term is 32,766 bytes: a longer text field makes CKAN answer 500.
MAX_FIELD_BYTES = 32_000
REQUIRED = ("name", "title", "notes", "owner_org", "license_id", "version", "issued")


def check(desired: DesiredState) -> None:
    """Raise PortalError with all errors of names, tags, sizes and required fields."""
    errors = [*_names(desired), *_tags(desired), *_required(desired), *_sizes(desired)]
    if errors:
        raise PortalError(
            "CKAN would not take the dataset: " + "; ".join(errors), where=desired.dataset,
            todo="fix the declaration, then make a new release",
        )


def _names(desired: DesiredState) -> list[str]:
    names = [desired.fields["name"], desired.fields["owner_org"], *desired.fields["groups"]]
    errors = []
    if desired.dataset.endswith(DRAFT_SUFFIX) and not desired.fields["private"]:
        of = desired.dataset.removesuffix(DRAFT_SUFFIX)
        errors.append(f"a name that ends in {DRAFT_SUFFIX} is kept for the draft of {of!r}")
    return errors + [
        f"the name {name!r} is not 2-100 characters of a-z, 0-9, - and _"
        for name in names
        if not re.fullmatch(r"[a-z0-9_-]{2,100}", name)
    ]


def _tags(desired: DesiredState) -> list[str]:
    return [
        f"the keyword {tag!r} is not 2-100 letters, digits, blanks and -_."
        for tag in desired.fields["tags"]
        if not re.fullmatch(r"[\w \-.]{2,100}", tag)
    ]


def _required(desired: DesiredState) -> list[str]:
    return [f"{name} is empty" for name in REQUIRED if not desired.fields.get(name)]


def _sizes(desired: DesiredState) -> list[str]:
    errors = [
        f"{name} has {size} bytes, more than {MAX_FIELD_BYTES}"
        for name, value in desired.fields.items()
        if (size := _bytes(value)) > MAX_FIELD_BYTES
    ]
    for resource in desired.resources:
        if _bytes(resource.fields) > MAX_FIELD_BYTES:
            errors.append(f"the description of {resource.file.name} is longer than CKAN takes")
        if resource.file.bytes == 0:
            errors.append(f"{resource.file.name} is empty")
    return errors


def _bytes(value: Any) -> int:
    text = value if isinstance(value, str) else canonical_json(value)
    return len(text.encode())
