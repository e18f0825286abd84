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
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.errors import PortalError
from model.util.disk import atomic_write, disk_errors

MAX_BYTES = 1_000_000  # a plan reads it all

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
            with disk_errors(self.path, PortalError):
                text = self.path.read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines():
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    def written(self) -> list[Written]:
        """Return what we wrote last, then all that we set out to write since.

        A run that was killed may or may not have written the latter.
        """
        found: list[Written] = []
        for entry in self.entries():
            if entry["step"] == "published":
                found = []
            if "written" in entry:
                found.append(entry["written"])
        return found

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
        entry = {"step": "published", "state": "done", "release": release, "written": written}
        if self.path.is_file() and self.path.stat().st_size > MAX_BYTES:
            self._begin_anew(entry)
        else:
            self._write(**entry)

    def _begin_anew(self, entry: dict[str, Any]) -> None:
        """Put the full journal aside and begin another one, whole or not at all."""
        with atomic_write(self.path, PortalError) as aside:
            shutil.copyfile(self.path, self.path.with_suffix(".old.jsonl"))
            aside.write_text(_line(entry) + "\n", encoding="utf-8")
        self.after_line()

    def _write(self, **entry: Any) -> None:
        line = _line(entry)
        with disk_errors(self.path, PortalError):
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


def _line(entry: dict[str, Any]) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"at": now, **entry}, ensure_ascii=False)
