"""What was done on the portal, step by step, so that a run that was killed is understood.

    journal/ckan/<sector>/<dataset>.jsonl

One JSON object a line, written to the disk before and after each step. The portal itself tells
what is there; the journal tells what it cannot: which uploads were begun, whether it was we who
began to make the package, and what we wrote last, field by field, by which a person's edit is
told from our own old value.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.site.files import disk_errors

Written = dict[str, dict[str, Any]]  # "" for the package, else a resource's id -> field -> value


@dataclass
class Journal:
    """A dataset's journal.

    Args:
        path: its file; made with the first line.
        after_line: called after each line (for tests: the place to be killed).
    """

    path: Path
    after_line: Callable[[], None] = field(default=lambda: None)

    def entries(self) -> list[dict[str, Any]]:
        """Return all lines, oldest first; one that was cut off by a crash is left out."""
        found = []
        if self.path.is_file():
            with disk_errors(self.path):
                text = self.path.read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines():
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    def written(self) -> Written | None:
        """Return what we wrote last, or None where we never finished."""
        for entry in reversed(self.entries()):
            if entry["step"] == "published":
                return dict(entry["written"])
        return None

    def began(self, step: str) -> list[dict[str, Any]]:
        """Return the beginnings of a step since we last finished."""
        found: list[dict[str, Any]] = []
        for entry in self.entries():
            if entry["step"] == "published":
                found = []
            elif entry["step"] == step and entry["state"] == "begins":
                found.append(entry)
        return found

    @contextmanager
    def step(self, name: str, **details: Any) -> Iterator[None]:
        """Write a line before and after the body; one that fails is told as such."""
        self._write(step=name, state="begins", **details)
        try:
            yield
        except Exception as error:
            self._write(step=name, state="failed", error=str(error))
            raise
        self._write(step=name, state="done")

    def published(self, release: int, written: Written) -> None:
        """Record that the portal shows a release, and what we wrote."""
        self._write(step="published", state="done", release=release, written=written)

    def _write(self, **entry: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": now, **entry}, ensure_ascii=False)
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                # A line that a crash cut off must not swallow this one.
                start = b"\n" if file.tell() and not self._ends_whole() else b""
                file.write(start + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self.after_line()

    def _ends_whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
