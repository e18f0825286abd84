"""The journal of an unfinished fetch, so that a later run resumes where it was interrupted.

The journal lies beside the parts, one JSON document a line: first what was requested and when,
then one for each part. A part counts only with the checksum that is noted.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from model.records.snapshot import Part
from model.util.disk import atomic_write, disk_errors
from model.util.hashing import canonical_json, sha256_file
from sources.base import SourceFile
from sources.limits import MAX_PULL_SECONDS

_JOURNAL = ".pull.jsonl"  # no safe name of a part


@dataclass
class FetchSession:
    """The folder of one fetch, what it requests, and what an interrupted run left of it."""

    folder: Path
    asks: str
    kept: dict[str, SourceFile] = field(default_factory=dict)

    def last(self) -> str | None:
        """Return the name of the part that the interrupted run fetched last."""
        return next(reversed(self.kept), None)

    def body(self, name: str, url: str) -> SourceFile | None:
        """Return the part of that name, if it answers this URL and its file is intact."""
        part = self.kept.get(name)
        if part is None or part.url != url:
            return None
        return part if part.path.is_file() and sha256_file(part.path) == part.sha256 else None

    def note(self, part: SourceFile) -> None:
        """Note that a part is complete.

        Raises:
            StoreError: the folder cannot be written.
        """
        journal = self.folder / _JOURNAL
        with disk_errors(journal), journal.open("a", encoding="utf-8") as file:
            file.write(canonical_json(part.record) + "\n")

    def is_empty(self) -> bool:
        """Whether no part was noted yet."""
        journal = self.folder / _JOURNAL
        return not journal.exists() or len(journal.read_bytes().splitlines()) < 2

    def drop(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def begin(folder: Path, asks: str) -> FetchSession:
    """Resume the session of a folder, or begin a new one where it requested something else.

    Args:
        folder: for the bodies; anything else in it is removed.
        asks: a checksum of what is requested.

    Raises:
        StoreError: the folder cannot be written.
    """
    head, parts = _read(folder / _JOURNAL)
    began = head.get("began")
    now = time.time()
    is_young = isinstance(began, float) and 0 <= now - began <= MAX_PULL_SECONDS
    kept = parts if head.get("asks") == asks and is_young else {}
    with atomic_write(folder / _JOURNAL) as staging:
        for path in folder.glob("*"):
            if path.name not in (_JOURNAL, *kept):
                path.unlink()
        first = {"asks": asks, "began": began if kept else now}
        lines = [canonical_json(first), *(canonical_json(part.record) for part in kept.values())]
        staging.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return FetchSession(folder, asks, kept)


def _read(journal: Path) -> tuple[dict[str, object], dict[str, SourceFile]]:
    """Read a journal up to the line at which a killed process stopped."""
    try:
        first, *rest = journal.read_text(encoding="utf-8").split("\n")[:-1]
        head = json.loads(first)
    except (OSError, ValueError):
        return {}, {}
    parts: dict[str, SourceFile] = {}
    for line in rest:
        try:
            part = Part.model_validate_json(line)
        except ValueError:
            break
        parts[part.name] = SourceFile.of(part, journal.parent / part.name)
    return head if isinstance(head, dict) else {}, parts
