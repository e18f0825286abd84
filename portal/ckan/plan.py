"""The difference between the actual and the desired state of a dataset; nothing is sent.

Ours are the package fields of `mapping.package` and the resources whose ids we derive. All else
belongs to other people and stays: further extras, tags, groups, resources, fields of resources.
Where a person has changed one of our fields, three values are compared: what we wrote last, the
actual one and the desired one.

- Only the desired one has changed: it is written.
- Only the actual one has changed: it is kept, and the plan says so. Except for a file: readers
  would get other bytes than the release's, which is a conflict.
- Both have changed: a conflict. Nothing of the dataset is written until somebody decides.
"""

from dataclasses import dataclass, field
from typing import Any

from model.records.release import Difference
from portal.ckan.desired import mapping
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DesiredResource, DesiredState
from portal.ckan.journal import Written
from portal.ckan.resources import is_release_file, label_of, leads_to

STRICT = ("leads_to", "hash", "size")  # of a resource: they decide which bytes readers get


@dataclass
class FieldComparison:
    """Collects differences and conflicts while fields are compared.

    dataset: its id, for the differences.
    base: what we wrote last, and may have written since.
    overwrite: decide every conflict in favour of the release.
    """

    dataset: str
    base: list[Written]
    overwrite: bool
    differences: list[Difference] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def add(self, change: Any, what: str, detail: str = "") -> None:
        """Add a difference: its kind of `change`, `what` differs, and a `detail`."""
        self.differences.append(
            Difference(dataset=self.dataset, change=change, what=what, detail=detail)
        )

    def conflict(self, what: str, how: str) -> None:
        """Add `what` conflicts and `how`, or a difference where conflicts are overwritten."""
        if not self.overwrite:
            self.conflicts.append(f"{what} {how}")
        self.add("~", what, "" if self.overwrite else f"conflict: {how}")

    def package_fields(self, desired: Fields, actual: Fields) -> Fields:
        """Return the package fields to write, as CKAN takes them: `desired` against `actual`."""
        before = len(self.differences)
        found: Fields = {}
        for name, value in desired.items():
            base = self._base("", name)
            stored = _package_value(actual, name, [*base, value])
            if self._to_write("", name, value, stored, f"metadata {name}"):
                found[name] = _with_others_items(actual, name, value, base)
        if len(self.differences) == before:
            self.add("=", "metadata")
        return found

    def resource_fields(self, desired: DesiredResource, actual: Fields | None) -> Fields:
        """Return the `desired` fields of a resource to write; all where `actual` is None."""
        if actual is None:
            removed = desired.leads_to is not None and self._knows(desired.id)
            self.add("+", desired.label, "it was removed on the portal" if removed else "")
            return desired.fields
        found: Fields = {}
        unfinished = actual.get("status") == mapping.UNDER_DEVELOPMENT
        before = len(self.differences)
        for name, value in desired.compared.items():
            stored = leads_to(actual) if name == "leads_to" else actual.get(name)
            if not _equal(stored, value) and (unfinished or self._to_write(
                desired.id, name, value, stored, f"{desired.label} {name}", silent=True
            )):
                found[name] = value
        if found:
            self.add("~", desired.label, ", ".join(found))
        elif len(self.differences) == before:
            self.add("=", desired.label)
        return found

    def _knows(self, owner: str) -> bool:
        return any(owner in written for written in self.base)

    def _base(self, owner: str, name: str) -> list[Any]:
        """Return the values that we wrote, or may have written, into a field."""
        return [written[owner][name] for written in self.base if name in written.get(owner, {})]

    def _to_write(
        self, owner: str, name: str, desired: Any, actual: Any, what: str, silent: bool = False
    ) -> bool:
        """Decide whether a field is written, and add the difference or conflict."""
        if _equal(actual, desired):
            return False
        base = self._base(owner, name)
        edited = not any(_equal(actual, old) for old in base) if base else bool(actual)
        if self.base and not self._knows(owner):
            edited = False  # a file that a run uploaded that was killed before it was recorded
        if not edited or self.overwrite:
            if not silent:
                self.add("~", what)
            return True
        if not self.base:
            self.conflict(what, "differs, and this data folder has not written it")
        elif name in STRICT:
            self.conflict(what, "was replaced on the portal by a person")
        elif any(_equal(desired, old) for old in base):
            self.add("=", what, "a person changed it on the portal: kept")
        else:
            self.conflict(what, "was changed on the portal by a person, and in the release too")
        return False


def _package_value(actual: Fields, name: str, ours: list[Any]) -> Any:
    """Return the field `name` of an `actual` package, in the form of `mapping.package`.

    Of a list that others may add to, only what is in one of `ours` is returned.
    """
    if name == "owner_org":
        return (actual.get("organization") or {}).get("name")
    if name in ("tags", "groups"):
        names = sorted(item["name"] for item in actual.get(name, ()))
        known = {item for value in ours for item in value or ()}
        return [item for item in names if item in known]
    return actual.get(name)


def _with_others_items(actual: Fields, name: str, value: Any, base: list[Any]) -> Any:
    """Return a field as CKAN takes it, with what others added to a list."""
    if name not in ("tags", "groups"):
        return value
    removed = {item for old in base for item in old or ()} - set(value)
    others = {item["name"] for item in actual.get(name, ())} - removed
    return [{"name": item} for item in sorted({*others, *value})]


def _equal(one: Any, other: Any) -> bool:
    return _without_empty(one) == _without_empty(other)


def _without_empty(value: Any) -> Any:
    """Return a value without the empty fields that CKAN adds or drops."""
    if value in (None, "", [], (), {}):
        return None
    if isinstance(value, dict):
        plain = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_empty(item) for item in value]
    return value


# A field of the resource that has the DataStore table: the checksum of its content and schema.
ROWS = "rows_sha256"


@dataclass(frozen=True)
class PackagePlan:
    """What is to be done, and why.

    desired: what the portal should have.
    actual: the package as the portal has it; None where it does not exist.
    differences: for people.
    package_fields: fields of the package to write.
    resource_fields: fields of resources to write, by the resource's id.
    uploads: resources whose file is to be sent.
    outdated: ids of our resources to be removed.
    load_rows: whether the table is to be loaded.
    conflicts: with edits by people; nothing may be written while there are any.
    written: all our fields, as they will be once the plan has been applied.
    """

    desired: DesiredState
    actual: Fields | None
    differences: tuple[Difference, ...]
    package_fields: Fields
    resource_fields: dict[str, Fields]
    uploads: tuple[DesiredResource, ...]
    outdated: tuple[str, ...]
    load_rows: bool
    conflicts: tuple[str, ...]
    written: Written

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(difference.change == "=" for difference in self.differences)


def edited_meanwhile(plan: PackagePlan, now: PackagePlan) -> bool:
    """Return whether somebody else has changed our fields between a `plan` and one made `now`."""
    before, after = _our_fields(plan), _our_fields(now)
    return any(after.get(owner) != fields for owner, fields in before.items())


def _our_fields(plan: PackagePlan) -> Written:
    """Return the actual values of our fields."""
    if plan.actual is None:
        return {}
    found: Written = {
        "": {name: _package_value(plan.actual, name, [value])
             for name, value in plan.desired.fields.items()},
    }
    ours = {resource.id: resource for resource in plan.desired.resources}
    for actual in plan.actual["resources"]:
        resource = ours.get(actual["id"])
        if resource:
            found[resource.id] = {name: actual.get(name) for name in resource.fields}
            found[resource.id]["leads_to"] = leads_to(actual)
    return found


def compare(
    desired: DesiredState, actual: Fields | None, base: list[Written], overwrite: bool
) -> PackagePlan:
    """Compare the package as the portal has it (`actual`, or None) with the `desired` state.

    `base` is what we wrote last, and what we may have written since; it is empty where we never
    did. `overwrite` decides every conflict in favour of the release.
    """
    written: Written = {
        "": dict(desired.fields),
        **{resource.id: dict(resource.compared) for resource in desired.resources},
    }
    if actual is None:
        return _first(desired, written)
    comparison = FieldComparison(desired.dataset, base, overwrite)
    if actual.get("state") != "active":
        comparison.conflict("package", "was deleted on the portal by a person")
    package_fields = comparison.package_fields(desired.fields, actual)
    if actual.get("state") != "active":
        package_fields["state"] = "active"
    by_id = {resource["id"]: resource for resource in actual["resources"]}
    resource_fields = {
        resource.id: changed
        for resource in desired.resources
        if (changed := comparison.resource_fields(resource, by_id.get(resource.id)))
    }
    outdated = _outdated(desired, actual, base)
    for id_ in outdated:
        comparison.add("-", label_of(by_id[id_]))
    table = by_id.get(desired.table_id, {})
    has_rows = bool(table.get("datastore_active")) and table.get(ROWS) == desired.rows_sha256
    load_rows = desired.rows_sha256 is not None and not has_rows
    if desired.rows_sha256:
        change = "=" if has_rows else "~" if table.get("datastore_active") else "+"
        comparison.add(change, "rows")
    return PackagePlan(
        desired, actual, tuple(comparison.differences), package_fields, resource_fields,
        uploads=tuple(
            resource for resource in desired.resources
            if resource.leads_to is None and not _is_complete(by_id.get(resource.id), resource)
        ),
        outdated=outdated, load_rows=load_rows, conflicts=tuple(comparison.conflicts),
        written=written,
    )


def _first(desired: DesiredState, written: Written) -> PackagePlan:
    """Plan a first publication."""
    labels = ["metadata", *(resource.label for resource in desired.resources)]
    if desired.rows_sha256:
        labels.append("rows")
    return PackagePlan(
        desired, None,
        tuple(Difference(dataset=desired.dataset, change="+", what=label) for label in labels),
        desired.fields, {resource.id: resource.fields for resource in desired.resources},
        uploads=tuple(resource for resource in desired.resources if resource.leads_to is None),
        outdated=(), load_rows=bool(desired.rows_sha256), conflicts=(), written=written,
    )


def _is_complete(actual: Fields | None, resource: DesiredResource) -> bool:
    return (
        actual is not None
        and actual.get("url_type") == "upload"
        and actual.get("size") == resource.file.bytes
    )


def _outdated(desired: DesiredState, actual: Fields, base: list[Written]) -> tuple[str, ...]:
    keep = {resource.id for resource in desired.resources}
    ours = {owner for written in base for owner in written}
    return tuple(
        resource["id"]
        for resource in actual["resources"]
        if resource["id"] not in keep
        and (resource["id"] in ours or is_release_file(resource, desired.dataset))
    )
