"""What CKAN would refuse, or break on, found before the first write."""

from __future__ import annotations

import re
from typing import Any

from model.errors import PortalError
from model.util.hashing import canonical_json
from portal.ckan.desired.state import DesiredState
from portal.ckan.drafts import SUFFIX

# Solr's longest term is 32,766 bytes: a longer text field makes CKAN's index answer 500.
MAX_FIELD_BYTES = 32_000
# Werkzeug's MAX_FORM_MEMORY_SIZE: a longer field beside an upload makes it answer 413.
MAX_FORM_BYTES = 500_000
REQUIRED = ("name", "title", "notes", "owner_org", "license_id", "version", "issued")


def check(want: DesiredState) -> None:
    """Check names, tags, sizes and what is required.

    Raises:
        PortalError: all that is wrong with the package.
    """
    wrong = [*_names(want), *_tags(want), *_required(want), *_sizes(want)]
    if wrong:
        raise PortalError(
            "CKAN would not take the dataset: " + "; ".join(wrong), where=want.dataset,
            todo="mend the declaration, then release anew",
        )


def _names(want: DesiredState) -> list[str]:
    names = [want.fields["name"], want.fields["owner_org"], *want.fields["groups"]]
    wrong = []
    if want.dataset.endswith(SUFFIX) and not want.fields["private"]:
        of = want.dataset.removesuffix(SUFFIX)
        wrong.append(f"a name that ends in {SUFFIX} is kept for the draft of {of!r}")
    return wrong + [
        f"the name {name!r} is not 2-100 characters of a-z, 0-9, - and _"
        for name in names
        if not re.fullmatch(r"[a-z0-9_-]{2,100}", name)
    ]


def _tags(want: DesiredState) -> list[str]:
    return [
        f"the keyword {tag!r} is not 2-100 letters, digits, blanks and -_."
        for tag in want.fields["tags"]
        if not re.fullmatch(r"[\w \-.]{2,100}", tag)
    ]


def _required(want: DesiredState) -> list[str]:
    return [f"{name} is empty" for name in REQUIRED if not want.fields.get(name)]


def _sizes(want: DesiredState) -> list[str]:
    wrong = [
        f"{name} has {size} bytes, more than {MAX_FIELD_BYTES}"
        for name, value in want.fields.items()
        if (size := _bytes(value)) > MAX_FIELD_BYTES
    ]
    for part in want.parts:
        if _bytes(part.fields) > MAX_FIELD_BYTES:
            wrong.append(f"the description of {part.file.name} is longer than CKAN takes")
        if part.file.bytes == 0:
            wrong.append(f"{part.file.name} is empty")
    return wrong


def _bytes(value: Any) -> int:
    text = value if isinstance(value, str) else canonical_json(value)
    return len(text.encode())
