"""Addresses of a dataset by version, as small files that any web server has.

`versions/2.1.0.json` names the files of one release for ever, `versions/2.x.json` those of the
newest release that a script written for version 2 can take, `versions/latest.json` the current one.
"""

from collections.abc import Sequence
from typing import Any

from model.util.hashing import pretty_json
from portal.changes.change_set import FILE
from portal.changes.offered import OfferedRelease

FOLDER = "versions"


def pointers(items: Sequence[OfferedRelease]) -> dict[str, bytes]:
    """Return the files of addresses: path in the dataset's folder -> bytes.

    `items` are all releases of a dataset, oldest first: a later one takes the place of an earlier.
    """
    found: dict[str, bytes] = {}
    for item in items:
        data = pretty_json(_pointer(item)).encode()
        major, minor, _ = item.version.split(".")
        for name in (item.version, f"{major}.{minor}.x", f"{major}.x", "latest"):
            found[f"{FOLDER}/{name}.json"] = data
    return found


def _pointer(item: OfferedRelease) -> dict[str, Any]:
    """Return what a program needs of a release; addresses are relative to the pointer."""
    release, at = item.release, f"../releases/{item.release.number}/"
    return {
        "dataset": release.dataset,
        "version": item.version,
        "release": release.number,
        "issued": release.issued.isoformat(),
        "valid_until": item.valid_until.isoformat() if item.valid_until else None,
        "withdrawn": item.gone,
        "page": at,
        "changes": at + FILE,
        "files": [
            {"name": file.name, "url": at + file.name, "bytes": file.bytes, "sha256": file.sha256}
            for file in item.files
        ] if not item.gone else [],
    }
