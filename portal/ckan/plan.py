"""What the portal has of a dataset, against what it should have; nothing is sent.

Ours are the package fields of `mapping.package` and the resources whose ids we derive. All else
is other people's and is left as it is: further extras, tags, groups, resources, fields of
resources. Where a person has changed something of ours, three things are compared: what we wrote
last, what stands there, what should stand there.

- Only ours has changed: it is written.
- Only the person's has changed: it is kept, and the plan says so. A file is never "kept": that
  readers get other bytes than the release's is a conflict.
- Both have changed: a conflict. Nothing of the dataset is written until somebody decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from model.records import Difference, FileRecord, Release
from model.text import Bilingual
from portal.ckan import mapping
from portal.ckan.journal import Written
from portal.ckan.mapping import Fields
from portal.content import Content
from portal.identifiers import package_id, release_file_id, resource_id

STRICT = ("leads_to", "hash", "size")  # of a resource: what decides which bytes readers get
# The DataStore table's content and shape; stands on the resource that has the table.
ROWS = "rows_sha256"


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
        return _release_file(self.fields["releases"], self.file.name)

    @property
    def compared(self) -> Fields:
        """What decides whether the portal's resource is as it should be."""
        return {**self.fields, "leads_to": self.leads_to} if self.leads_to else self.fields


@dataclass(frozen=True)
class Wanted:
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


@dataclass(frozen=True)
class Plan:
    """What is to be done, and why."""

    wanted: Wanted
    shown: Fields | None
    differences: tuple[Difference, ...]
    fields: Fields  # package fields to write
    uploads: tuple[Part, ...]
    resources: dict[str, Fields]  # resource id -> fields to write
    outdated: tuple[str, ...]  # ids of resources of ours that go
    rows: bool  # whether the table is to be loaded
    conflicts: tuple[str, ...]
    written: Written  # what will have been written when all is done

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(difference.change == "=" for difference in self.differences)


def wanted(
    contents: list[Content],
    files: Mapping[int, tuple[FileRecord, ...]],
    private: bool,
    rows_sha256: str | None,
    table_file: str,
) -> Wanted:
    """Return what the portal should have.

    Args:
        contents: the dataset's first release, then those to be offered, oldest first; the last
            one is current.
        files: the files of each offered release that it shall have on the portal, by number.
        private: whether only the organisation shall see the dataset.
        rows_sha256: see `Wanted`.
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
    return Wanted(
        dataset, number, mapping.package(content, contents[0].release, private),
        (*current, *own), rows_sha256, resource_id(dataset, table_file),
    )


def tombstone(
    content: Content, first: Release, reason: Bilingual, on: date, successor: str | None
) -> Wanted:
    """Return what stays of a withdrawn dataset: a page that says so."""
    dataset = content.dataset.id
    fields = {
        **mapping.package(content, first, private=False),
        **mapping.tombstone(content, reason, on, successor),
    }
    return Wanted(dataset, content.release.number, fields, (), None, "")


def offered_files(shown: Fields | None, dataset: str, number: int) -> tuple[FileRecord, ...]:
    """Return the files of a release that the portal has."""
    return tuple(
        FileRecord(name=resource["file"], sha256=resource["hash"], bytes=resource["size"])
        for resource in (shown or {}).get("resources", ())
        if _holds_bytes(resource, dataset) and str(number) in resource["releases"].split()
    )


def touched(plan: Plan, now: Plan) -> bool:
    """Whether somebody else has changed what is ours since a plan was made.

    That some of the plan's own uploads are there does not count.
    """
    before, after = _standing(plan), _standing(now)
    return any(after.get(owner) != fields for owner, fields in before.items())


def _standing(plan: Plan) -> Written:
    """Return what stands on the portal of what is ours."""
    if plan.shown is None:
        return {}
    found: Written = {
        "": {name: _package_value(plan.shown, name, [value])
             for name, value in plan.wanted.fields.items()},
    }
    parts = {part.id: part for part in plan.wanted.parts}
    for resource in plan.shown["resources"]:
        part = parts.get(resource["id"])
        if part:
            found[part.id] = {name: resource.get(name) for name in part.fields}
            found[part.id]["leads_to"] = leads_to(resource)
    return found


def compare(
    want: Wanted, shown: Fields | None, base: list[Written], overwrite: bool
) -> Plan:
    """Compare the portal with what it should have.

    Args:
        want: what it should have.
        shown: the package as the portal shows it, or None.
        base: what we wrote last, and what we may have written since; empty where we never did.
        overwrite: settle every conflict in favour of the release.
    """
    if shown is None:
        return _all_new(want)
    comparing = _Comparison(want.dataset, base, overwrite)
    if shown.get("state") != "active":
        comparing.conflict("package", "was deleted on the portal by a person")
    fields = comparing.fields(want.fields, shown)
    if shown.get("state") != "active":
        fields["state"] = "active"
    by_id = {resource["id"]: resource for resource in shown["resources"]}
    uploads: list[Part] = []
    resources: dict[str, Fields] = {}
    for part in want.parts:
        found = by_id.get(part.id)
        if part.leads_to is None and not _is_whole(found, part):
            uploads.append(part)
        changed = comparing.resource(part, found)
        if changed:
            resources[part.id] = changed
    outdated = _outdated(want, shown, base)
    for resource_id_ in outdated:
        comparing.say("-", _name_of(by_id[resource_id_], want.dataset))
    rows = _rows(want, by_id.get(want.table_id))
    if want.rows_sha256:
        table = by_id.get(want.table_id, {})
        if rows:
            comparing.say("~" if table.get("datastore_active") else "+", "rows")
        else:
            comparing.say("=", "rows")
    return Plan(
        want, shown, tuple(comparing.differences), fields, tuple(uploads), resources,
        outdated, rows, tuple(comparing.conflicts), _written(want),
    )


class _Comparison:
    """Collects differences while fields are compared, three ways each."""

    def __init__(self, dataset: str, base: list[Written], overwrite: bool) -> None:
        self.dataset = dataset
        self.base = base
        self.overwrite = overwrite
        self.differences: list[Difference] = []
        self.conflicts: list[str] = []

    def say(self, change: Any, what: str, detail: str = "") -> None:
        self.differences.append(
            Difference(dataset=self.dataset, change=change, what=what, detail=detail)
        )

    def conflict(self, what: str, how: str) -> None:
        if not self.overwrite:
            self.conflicts.append(f"{what} {how}")
        self.say("~", what, "" if self.overwrite else f"conflict: {how}")

    def fields(self, want: Fields, shown: Fields) -> Fields:
        """Return the package fields to write."""
        before = len(self.differences)
        found: Fields = {}
        for name, value in want.items():
            base = self._written("", name)
            stands = _package_value(shown, name, [*base, value])
            if self._to_write("", name, value, stands, f"metadata {name}"):
                found[name] = _to_send(shown, name, value, base)
        if len(self.differences) == before:
            self.say("=", "metadata")
        return found

    def resource(self, part: Part, shown: Fields | None) -> Fields:
        """Return the fields of a resource to write; all of them where it is not there."""
        if shown is None:
            removed = part.leads_to is not None and self._knows(part.id)
            self.say("+", part.what, "it was removed on the portal" if removed else "")
            return part.fields
        found: Fields = {}
        details = []
        unfinished = shown.get("status") == mapping.UNDER_DEVELOPMENT
        before = len(self.differences)
        for name, value in part.compared.items():
            stands = leads_to(shown) if name == "leads_to" else shown.get(name)
            if _same(stands, value):
                continue
            if unfinished or self._to_write(
                part.id, name, value, stands, f"{part.what} {name}", quiet=True
            ):
                found[name] = value
                details.append(name)
        if details:
            self.say("~", part.what, ", ".join(details))
        elif len(self.differences) == before:
            self.say("=", part.what)
        return found

    def _knows(self, owner: str) -> bool:
        return any(owner in written for written in self.base)

    def _written(self, owner: str, name: str) -> list[Any]:
        """Return the values that we wrote, or may have written, into a field."""
        return [
            written[owner][name]
            for written in self.base
            if name in written.get(owner, {})
        ]

    def _to_write(
        self, owner: str, name: str, value: Any, stands: Any, what: str, quiet: bool = False
    ) -> bool:
        """Decide on one field; say what is decided."""
        if _same(stands, value):
            return False
        base = self._written(owner, name)
        touched = not any(_same(stands, old) for old in base) if base else bool(stands)
        if self.base and not self._knows(owner):
            touched = False  # a file that a run put there and was killed before it counted
        if not touched or self.overwrite:
            if not quiet:
                self.say("~", what)
            return True
        if not self.base:
            self.conflict(what, "differs, and this data folder has not written it")
        elif name in STRICT:
            self.conflict(what, "was replaced on the portal by a person")
        elif any(_same(value, old) for old in base):
            self.say("=", what, "a person changed it on the portal: kept")
        else:
            self.conflict(what, "was changed on the portal by a person, and in the release too")
        return False


def leads_to(resource: Fields) -> str:
    """Return the id of the resource that an address on this portal downloads, or the address."""
    url = str(resource.get("url") or "")
    found = re.search(r"/resource/([0-9a-f-]{36})/download/", url)
    if resource.get("url_type") == "upload" or not found:
        return url
    return found.group(1)


def _all_new(want: Wanted) -> Plan:
    def new(what: str) -> Difference:
        return Difference(dataset=want.dataset, change="+", what=what)

    whats = ["metadata", *(part.what for part in want.parts)]
    if want.rows_sha256:
        whats.append("rows")
    return Plan(
        want, None, tuple(map(new, whats)), want.fields,
        tuple(part for part in want.parts if part.leads_to is None),
        {part.id: part.fields for part in want.parts}, (), bool(want.rows_sha256), (),
        _written(want),
    )


def _written(want: Wanted) -> Written:
    """Return what is ours on the portal afterwards."""
    return {"": dict(want.fields), **{part.id: dict(part.compared) for part in want.parts}}


def _package_value(shown: Fields, name: str, values: list[Any]) -> Any:
    """Return what stands in a package field of ours, in the form of `mapping.package`.

    Of lists to which others may add, only what is or was ours, which `values` tell.
    """
    if name == "owner_org":
        return (shown.get("organization") or {}).get("name")
    if name in ("tags", "groups"):
        names = sorted(item["name"] for item in shown.get(name, ()))
        mine = {item for value in values for item in value or ()}
        return [item for item in names if item in mine]
    return shown.get(name)


def _to_send(shown: Fields, name: str, value: Any, base: list[Any]) -> Any:
    """Return a field as CKAN takes it, with what others added to a list."""
    if name not in ("tags", "groups"):
        return value
    gone = {item for old in base for item in old or ()} - set(value)
    others = {item["name"] for item in shown.get(name, ())} - gone
    return [{"name": item} for item in sorted({*others, *value})]


def _same(one: Any, other: Any) -> bool:
    return _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    """Return a value without what CKAN adds or drops on its own: empty fields, order of tags."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v not in (None, "", [], {})}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value not in (None, "", [], {}) else None


def _holds_bytes(resource: Fields, dataset: str) -> bool:
    """Whether a resource is a release's own file, by its id."""
    file, sha256 = resource.get("file"), resource.get("hash")
    return bool(
        file and sha256 and resource.get("releases") and resource.get("url_type") == "upload"
        and resource["id"] == release_file_id(dataset, str(file), str(sha256))
    )


def _is_whole(resource: Fields | None, part: Part) -> bool:
    return (
        resource is not None
        and resource.get("url_type") == "upload"
        and resource.get("size") == part.file.bytes
    )


def _outdated(want: Wanted, shown: Fields, base: list[Written]) -> tuple[str, ...]:
    keep = {part.id for part in want.parts}
    mine = {owner for written in base for owner in written}
    return tuple(
        resource["id"]
        for resource in shown["resources"]
        if resource["id"] not in keep
        and (resource["id"] in mine or _is_ours(resource, want.dataset))
    )


def _is_ours(resource: Fields, dataset: str) -> bool:
    """By its id, also where its file was cleared already."""
    file, sha256 = resource.get("file"), resource.get("hash")
    return bool(
        file and sha256
        and resource["id"] == release_file_id(dataset, str(file), str(sha256))
    )


def _rows(want: Wanted, table: Fields | None) -> bool:
    if not want.rows_sha256:
        return False
    return (
        table is None
        or not table.get("datastore_active")
        or table.get(ROWS) != want.rows_sha256
    )


def _name_of(resource: Fields, dataset: str) -> str:
    if resource.get("releases"):
        return _release_file(resource["releases"], str(resource.get("file", "")))
    return f"file {resource.get('name', resource['id'])}"


def _release_file(releases: str, file: str) -> str:
    return f"release {', '.join(releases.split())} · {file}"
