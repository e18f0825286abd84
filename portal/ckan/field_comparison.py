"""What stands on the portal against what should stand there, field by field.

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

from typing import Any

from model.records.publication import Difference
from portal.ckan.desired import mapping
from portal.ckan.desired.mapping import Fields
from portal.ckan.desired.state import Part
from portal.ckan.journal import Written
from portal.ckan.resources import leads_to

STRICT = ("leads_to", "hash", "size")  # of a resource: what decides which bytes readers get


class FieldComparison:
    """Collects differences while fields are compared, three ways each."""

    def __init__(self, dataset: str, base: list[Written], overwrite: bool) -> None:
        self.dataset = dataset
        self.base = base
        self.overwrite = overwrite
        self.differences: list[Difference] = []
        self.conflicts: list[str] = []

    def say(self, change: Any, what: str, detail: str = "") -> None:
        """Add a line to the differences."""
        self.differences.append(
            Difference(dataset=self.dataset, change=change, what=what, detail=detail)
        )

    def conflict(self, what: str, how: str) -> None:
        """Add a conflict, or a difference where conflicts are overwritten."""
        if not self.overwrite:
            self.conflicts.append(f"{what} {how}")
        self.say("~", what, "" if self.overwrite else f"conflict: {how}")

    def fields(self, want: Fields, shown: Fields) -> Fields:
        """Return the package fields to write."""
        before = len(self.differences)
        found: Fields = {}
        for name, value in want.items():
            base = self._written("", name)
            stands = package_value(shown, name, [*base, value])
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


def package_value(shown: Fields, name: str, values: list[Any]) -> Any:
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
    if value in (None, "", [], (), {}):
        return None
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if _plain(v) is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
