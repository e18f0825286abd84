"""The steps taken on a portal, so that the next run can resume one that was killed.

    journal/ckan/<sector>/<dataset>.jsonl

One JSON object a line, synced to the disk before and after each step. It holds what the portal
cannot say: which uploads were begun, and what we wrote last, field by field, which distinguishes
a person's edit from our own old value.
"""

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
from model.util.hashing import sealed, unsealed

MAX_BYTES = 1_000_000  # each plan reads all of it

Written = dict[str, dict[str, Any]]  # "" for the package, else a resource's id -> field -> value


@dataclass
class Journal:
    """A dataset's journal.

    path: its file, created with the first line.
    after_line: called after each line (tests kill the process there).
    """

    path: Path
    after_line: Callable[[], None] = field(default=lambda: None)

    def entries(self) -> list[dict[str, Any]]:
        """Return all entries, oldest first, without a line that was cut off or changed."""
        found = []
        if self.path.is_file():
            with disk_errors(self.path, PortalError):
                text = self.path.read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines():
                try:
                    found.append(json.loads(unsealed(line.encode())))
                except ValueError:
                    continue
        return found

    def written(self) -> list[Written]:
        """Return what we wrote last, then what killed runs may have written since."""
        found: list[Written] = []
        for entry in self.entries():
            if entry["step"] == "published":
                found = []
            if "written" in entry:
                found.append(entry["written"])
        return found

    def begun(self, step: str) -> list[dict[str, Any]]:
        """Return the entries of a step that was begun since the last completed run."""
        found: list[dict[str, Any]] = []
        for entry in self.entries():
            if entry["step"] == "published":
                found = []
            elif entry["step"] == step and entry["state"] == "begins":
                found.append(entry)
        return found

    @contextmanager
    def step(self, name: str, **details: Any) -> Iterator[None]:
        """Write an entry before the body and another after it, which says how it ended."""
        self._write(step=name, state="begins", **details)
        try:
            yield
        except Exception as error:
            self._write(step=name, state="failed", error=str(error))
            raise
        self._write(step=name, state="done")

    def published(self, release: int, written: Written) -> None:
        """Record that the portal shows a `release` (its number), and all our fields (`written`)."""
        entry = {"step": "published", "state": "done", "release": release, "written": written}
        if self.path.is_file() and self.path.stat().st_size > MAX_BYTES:
            self._rotate(entry)
        else:
            self._write(**entry)

    def _rotate(self, entry: dict[str, Any]) -> None:
        """Archive the full journal and start a new one, atomically."""
        with atomic_write(self.path, PortalError) as staging:
            shutil.copyfile(self.path, self.path.with_suffix(".old.jsonl"))
            staging.write_text(_line(entry) + "\n", encoding="utf-8")
        self.after_line()

    def _write(self, **entry: Any) -> None:
        line = _line(entry)
        with disk_errors(self.path, PortalError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                # This line must not continue one that a crash cut off.
                start = b"\n" if file.tell() and not self._ends_with_newline() else b""
                file.write(start + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        self.after_line()

    def _ends_with_newline(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _line(entry: dict[str, Any]) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return sealed(json.dumps({"at": now, **entry}, ensure_ascii=False))
