"""The data folder: where each record lives, and the lock that one run holds."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import BusyError
from model.util.disk import disk_errors
from warehouse.store.atomic_directory import sweep

# A pull that did not finish waits for the next run for a day.
PULL_SECONDS = 86_400


@dataclass(frozen=True)
class DataDir:
    """The data folder (`OPENINDICATORS_DATA_DIR`), with one place for each kind of record."""

    root: Path

    def snapshots(self, dataset: str) -> Path:
        """Return the folder of a dataset's snapshots."""
        return self.root / "snapshots" / dataset

    def fetch_session(self, dataset: str) -> Path:
        """Return where a dataset's parts arrive; what a run that died has got waits there."""
        return self.root / "fetch_sessions" / dataset

    def tables(self, dataset: str) -> Path:
        """Return the folder of a dataset's working tables; deletable, made again at need."""
        return self.root / "tables" / dataset

    def releases(self, dataset: str) -> Path:
        """Return the folder of a dataset's releases."""
        return self.root / "releases" / dataset

    def drafts(self, dataset: str) -> Path:
        """Return the folder of a dataset's drafts: what waits for a person's approval."""
        return self.root / "drafts" / dataset

    def validation_runs(self, dataset: str) -> Path:
        """Return the folder of the record of a dataset's judgements."""
        return self.root / "validation_log" / dataset

    def acceptances(self, dataset: str) -> Path:
        """Return the file of the rows that people accepted though a check holds them back."""
        return self.root / "acceptances" / f"{dataset}.jsonl"

    @property
    def failures(self) -> Path:
        """The folder of what has failed and is not mended yet; without failures it is empty."""
        return self.root / "failures"

    @property
    def site(self) -> Path:
        """The local portal."""
        return self.root / "site"

    @property
    def preview(self) -> Path:
        """The site that shows the drafts, for those who decide about them."""
        return self.root / "preview"

    @property
    def catalogue(self) -> Path:
        """The DuckDB file with views over all releases."""
        return self.root / "warehouse.duckdb"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage: run history, logs, checks."""
        return self.root / "dagster"

    @property
    def inbox(self) -> Path:
        """Files that people drop in for datasets that read `file:` sources."""
        return self.root / "inbox"

    def prepare(self) -> None:
        """Make the folder, and make sure that it can be written.

        Raises:
            StoreError: read-only, full, or not a folder.
        """
        with disk_errors(self.root):
            for folder in (self.root, self.dagster, self.inbox):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".writable-{os.getpid()}"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()

    @contextmanager
    def run_lock(self) -> Iterator[None]:
        """Hold the folder for one run.

        Raises:
            BusyError: another run holds it.
        """
        lock = FileLock(self.root / ".run.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise BusyError(
                "another run is at work in this data folder",
                where=str(self.root),
                todo="wait until it ends, or give this run a folder of its own with"
                " OPENINDICATORS_DATA_DIR",
            ) from error
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove what killed runs left half done."""
        for name in ("snapshots", "tables", "releases", "drafts", "validation_log", "acceptances"):
            sweep(self.root / name)
        for folder in (self.root / "fetch_sessions").glob("*/*"):
            if time.time() - folder.stat().st_mtime > PULL_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def dataset_lock(self, dataset: str, timeout: float = 300) -> Iterator[None]:
        """Hold one dataset while a step writes its records.

        Raises:
            BusyError: another step held it for longer than `timeout` seconds.
        """
        folder = self.root / "locks"
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{dataset.replace('/', '__')}.lock", timeout=timeout)
        try:
            lock.acquire()
        except Timeout as error:
            raise BusyError(
                f"another run has been writing {dataset} for {timeout:.0f} s",
                where=str(folder), todo="wait until it ends, then run this dataset again",
            ) from error
        try:
            yield
        finally:
            lock.release()
