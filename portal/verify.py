"""Is a downloaded file a genuine one, and of which release?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from model.records.release import FileRecord
from model.util.hashing import sha256_file


class Match(TypedDict):
    """A published file that has the same bytes."""

    dataset: str
    release: int
    file: str


class Verdict(TypedDict):
    """What is known of a file; the same content can be part of several releases."""

    genuine: bool
    sha256: str
    matches: list[Match]


def verify(path: Path, records: Iterable[tuple[str, int, FileRecord]]) -> Verdict:
    """Compare a file with published checksums; its name does not matter.

    Args:
        path: the file to look at; read, never changed.
        records: (dataset, release number, file) of everything that was ever published.

    Raises:
        OSError: the file cannot be read.
    """
    sha256 = sha256_file(path)
    found = {
        (dataset, number, record.name)
        for dataset, number, record in records
        if record.sha256 == sha256
    }
    matches = [
        Match(dataset=dataset, release=number, file=name)
        for dataset, number, name in sorted(found)
    ]
    return Verdict(genuine=bool(matches), sha256=sha256, matches=matches)
