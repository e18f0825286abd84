"""Checks before the first write: what CKAN would refuse, or break on."""

import re
from typing import Any

from model.errors import PortalError
from model.util.hashing import canonical_json
from portal.ckan.desired.state import DesiredState
from portal.ckan.drafts import SUFFIX

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
    if desired.dataset.endswith(SUFFIX) and not desired.fields["private"]:
        of = desired.dataset.removesuffix(SUFFIX)
        errors.append(f"a name that ends in {SUFFIX} is kept for the draft of {of!r}")
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
