"""What a resource on the portal says of itself."""

from __future__ import annotations

import re

from model.records.release import FileRecord
from portal.ckan.desired.mapping import Fields
from portal.metadata.identifiers import release_file_id


def offered_files(shown: Fields | None, dataset: str, number: int) -> tuple[FileRecord, ...]:
    """Return the files of a release that the portal has."""
    return tuple(
        FileRecord(name=resource["file"], sha256=resource["hash"], bytes=resource["size"])
        for resource in (shown or {}).get("resources", ())
        if _holds_bytes(resource, dataset) and str(number) in resource["releases"].split()
    )


def leads_to(resource: Fields) -> str:
    """Return the id of the resource that an address on this portal downloads, or the address."""
    url = str(resource.get("url") or "")
    found = re.search(r"/resource/([0-9a-f-]{36})/download/", url)
    if resource.get("url_type") == "upload" or not found:
        return url
    return found.group(1)


def _holds_bytes(resource: Fields, dataset: str) -> bool:
    """Whether a resource is a release's own file, by its id."""
    file, sha256 = resource.get("file"), resource.get("hash")
    return bool(
        file and sha256 and resource.get("releases") and resource.get("url_type") == "upload"
        and resource["id"] == release_file_id(dataset, str(file), str(sha256))
    )


def is_ours(resource: Fields, dataset: str) -> bool:
    """By its id, also where its file was cleared already."""
    file, sha256 = resource.get("file"), resource.get("hash")
    return bool(
        file and sha256
        and resource["id"] == release_file_id(dataset, str(file), str(sha256))
    )


def name_of(resource: Fields) -> str:
    """Return what a resource is, in words."""
    if resource.get("releases"):
        return release_file(resource["releases"], str(resource.get("file", "")))
    return f"file {resource.get('name', resource['id'])}"


def release_file(releases: str, file: str) -> str:
    """Return in words which file of which releases (numbers between blanks)."""
    return f"release {', '.join(releases.split())} · {file}"
