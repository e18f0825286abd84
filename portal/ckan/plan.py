"""What the portal has of a dataset, against what it should have; nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass

from model.records.publication import Difference
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import DesiredState, Part
from portal.ckan.field_comparison import FieldComparison, package_value
from portal.ckan.journal import Written
from portal.ckan.resources import is_ours, leads_to, name_of

# The DataStore table's content and shape; stands on the resource that has the table.
ROWS = "rows_sha256"


@dataclass(frozen=True)
class Plan:
    """What is to be done, and why."""

    wanted: DesiredState
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
        "": {name: package_value(plan.shown, name, [value])
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
    want: DesiredState, shown: Fields | None, base: list[Written], overwrite: bool
) -> Plan:
    """Compare the portal with what it should have.

    Args:
        want: what it should have.
        shown: the package as the portal shows it, or None.
        base: what we wrote last, and what we may have written since; empty where we never did.
        overwrite: decide every conflict in favour of the release.
    """
    if shown is None:
        return _all_new(want)
    comparing = FieldComparison(want.dataset, base, overwrite)
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
        comparing.say("-", name_of(by_id[resource_id_]))
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


def _all_new(want: DesiredState) -> Plan:
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


def _written(want: DesiredState) -> Written:
    """Return what is ours on the portal afterwards."""
    return {"": dict(want.fields), **{part.id: dict(part.compared) for part in want.parts}}


def _is_whole(resource: Fields | None, part: Part) -> bool:
    return (
        resource is not None
        and resource.get("url_type") == "upload"
        and resource.get("size") == part.file.bytes
    )


def _outdated(want: DesiredState, shown: Fields, base: list[Written]) -> tuple[str, ...]:
    keep = {part.id for part in want.parts}
    mine = {owner for written in base for owner in written}
    return tuple(
        resource["id"]
        for resource in shown["resources"]
        if resource["id"] not in keep
        and (resource["id"] in mine or is_ours(resource, want.dataset))
    )


def _rows(want: DesiredState, table: Fields | None) -> bool:
    if not want.rows_sha256:
        return False
    return (
        table is None
        or not table.get("datastore_active")
        or table.get(ROWS) != want.rows_sha256
    )
