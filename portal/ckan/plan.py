"""The difference between the actual and the desired state of a dataset; nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass

from model.records.publication import Difference
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DesiredResource, DesiredState
from portal.ckan.field_comparison import FieldComparison, package_value
from portal.ckan.journal import Written
from portal.ckan.resources import is_release_file, label_of, leads_to

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
        "": {name: package_value(plan.actual, name, [value])
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
