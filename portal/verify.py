"""Whether a downloaded file is genuine, by the checksums of everything that was published."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from model.records.release import FileRecord
from model.util.hashing import sha256_file

# What browsers add to the name of a file that is downloaded twice: "gdp (1).csv".
_COPY_NUMBER = re.compile(r" ?\(\d+\)(?=\.[^.]+$)")


class PublishedMatch(TypedDict):
    """A published file that has the same bytes."""

    dataset: str
    release: int
    file: str


class Verdict(TypedDict):
    """What is known of a file; the same content can be part of several releases.

    `genuine` is None where nothing is known of such a file: its bytes match no record, and no
    record has its name, so it may well come from another publisher or another data folder.
    """

    genuine: bool | None
    sha256: str
    matches: list[PublishedMatch]


def verify(path: Path, records: Iterable[tuple[str, int, FileRecord]]) -> Verdict:
    """Compare the file at `path` with published checksums; a renamed copy is recognised.

    `records` are (dataset, release number, file) of all that was ever published. Raises OSError
    where the file cannot be read.
    """
    sha256 = sha256_file(path)
    names, found = set(), set()
    for dataset, number, record in records:
        names.add(record.name)
        if record.sha256 == sha256:
            found.add((dataset, number, record.name))
    matches = [
        PublishedMatch(dataset=dataset, release=number, file=name)
        for dataset, number, name in sorted(found)
    ]
    name_is_known = _COPY_NUMBER.sub("", path.name) in names
    genuine = True if matches else False if name_is_known else None
    return Verdict(genuine=genuine, sha256=sha256, matches=matches)
