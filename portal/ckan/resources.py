"""What a resource on the portal says about itself."""

import re

from model.records.release import FileRecord
from portal.ckan.desired.mapping import Fields
from portal.metadata.identifiers import release_file_id


def offered_files(actual: Fields | None, dataset: str, number: int) -> tuple[FileRecord, ...]:
    """Return the files of release `number` of a `dataset` that the `actual` package has."""
    return tuple(
        FileRecord(name=resource["file"], sha256=resource["hash"], bytes=resource["size"])
        for resource in (actual or {}).get("resources", ())
        if is_release_file(resource, dataset) and resource.get("url_type") == "upload"
        and str(number) in str(resource.get("releases") or "").split()
    )


def leads_to(resource: Fields) -> str:
    """Return the id of the resource that an address on this portal downloads, or the address."""
    url = str(resource.get("url") or "")
    found = re.search(r"/resource/([0-9a-f-]{36})/download/", url)
    if resource.get("url_type") == "upload" or not found:
        return url
    return found.group(1)


def is_release_file(resource: Fields, dataset: str) -> bool:
    """Return whether a `resource` is a release's own file of a `dataset`, cleared or not."""
    file, sha256 = resource.get("file"), resource.get("hash")
    return bool(
        file and sha256
        and resource["id"] == release_file_id(dataset, str(file), str(sha256))
    )


def label_of(resource: Fields) -> str:
    """Return what a resource is, in words."""
    if resource.get("releases"):
        return release_file_label(resource["releases"], str(resource.get("file", "")))
    return f"file {resource.get('name', resource['id'])}"


def release_file_label(releases: str, file: str) -> str:
    """Return in words which `file` of which `releases` (numbers between blanks)."""
    return f"release {', '.join(releases.split())} · {file}"
