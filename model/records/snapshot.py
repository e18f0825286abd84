"""The record of a snapshot: the parts that a source served, and where they came from."""

from datetime import datetime
from typing import Any

from model.util.text import Frozen


class Part(Frozen):
    """One answer of a source inside a snapshot: a page, a file."""

    name: str  # file name inside the snapshot's folder, safe
    url: str  # without secrets
    sha256: str
    bytes: int
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    edition: str | None = None  # what the source itself says of the state that this shows


class Snapshot(Frozen):
    """What a source served, and when: `snapshots/<dataset>/<sha256>/snapshot.json`."""

    dataset: str
    sha256: str  # over the parts' names and checksums
    retrieved: datetime
    profile: str | None = None  # None: stored before profiles were recorded
    protocol: str
    options: dict[str, Any]
    licence: str
    parts: tuple[Part, ...]
