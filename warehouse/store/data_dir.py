"""The data folder: where each record lives, whose profile it is, and the locks on it.

    data_dir.json      the profile whose records the folder holds; written once, see `claim`
    locks/             one lock file for each dataset, held while its records are written
"""

import errno
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import BusyError, StoreError
from model.records import buildinfo
from model.util.disk import STAGING, disk_errors, write_if_changed
from model.util.hashing import pretty_json, sealed, unsealed
from model.util.text import Frozen
from warehouse.store.atomic import remove_old, staging_under
from warehouse.store.shared_store import PROJECT, SharedStore

# What an interrupted fetch session has received waits for the next run for a day.
SESSION_SECONDS = 86_400
PAGE_SECONDS = 60  # far more than writing a page takes
RECORD = "data_dir.json"
FORMAT = 1  # raised when a folder has records that earlier versions would misread
_DATASET_FOLDERS = ("snapshots", "tables", "releases", "packs", "drafts", "validation_log")


class NewerDataDirError(StoreError):
    """A newer version has written the data folder."""


class DataDirRecord(Frozen):
    """Whose records a data folder holds, and how they are written: `data_dir.json`."""

    profile: str
    format: int = 1


@dataclass(frozen=True)
class DataDir:
    """The data folder (`OPENINDICATORS_DATA_DIR`), with one place for each kind of record."""

    root: Path
    shared: SharedStore | None = None  # of which the folder is a working copy

    def snapshots(self, dataset: str) -> Path:
        """Return the folder of a dataset's snapshots."""
        return self.root / "snapshots" / dataset

    def fetch_session(self, dataset: str) -> Path:
        """Return where a dataset's parts arrive; an interrupted session resumes from there."""
        return self.root / "fetch_sessions" / dataset

    def tables(self, dataset: str) -> Path:
        """Return the folder of a dataset's working tables; deletable, rebuilt when needed."""
        return self.root / "tables" / dataset

    def releases(self, dataset: str) -> Path:
        """Return the folder of a dataset's releases."""
        return self.root / "releases" / dataset

    def ledger(self, dataset: str) -> Path:
        """Return the log of the numbers that a dataset's releases have used."""
        return self.root / "ledger" / f"{dataset}.jsonl"

    def packs(self, dataset: str) -> Path:
        """Return the folder of the packs of a dataset's earlier releases."""
        return self.root / "packs" / dataset

    def unpacked(self, dataset: str) -> Path:
        """Return where files from a dataset's packs are for a day; deletable."""
        return self.root / "unpacked" / dataset

    def drafts(self, dataset: str) -> Path:
        """Return the folder of a dataset's drafts: releases awaiting approval."""
        return self.root / "drafts" / dataset

    def validation_runs(self, dataset: str) -> Path:
        """Return the folder of a dataset's validation log."""
        return self.root / "validation_log" / dataset

    def accepted_checks(self, dataset: str) -> Path:
        """The log of the checks that people accepted for a snapshot."""
        return self.root / "acceptances" / f"{dataset}.checks.jsonl"

    def acceptances(self, dataset: str) -> Path:
        """Return the log of quarantined rows that people accepted."""
        return self.root / "acceptances" / f"{dataset}.jsonl"

    @property
    def submissions(self) -> Path:
        """The register of the workbooks that departments sent in."""
        return self.root / "submissions.jsonl"

    @property
    def failures(self) -> Path:
        """The folder of unresolved failures; empty without any."""
        return self.root / "failures"

    @property
    def site(self) -> Path:
        """The local portal."""
        return self.root / "site"

    @property
    def announced(self) -> Path:
        """Which releases each channel was told of."""
        return self.root / "announced.json"

    @property
    def transparency_log(self) -> Path:
        """The log of what was published, and its heads; the site has a copy."""
        return self.root / "transparency_log"

    @property
    def buildinfo(self) -> Path:
        """What the releases were made from, besides their snapshots; the site has a copy."""
        return self.root / buildinfo.FOLDER

    @property
    def builders(self) -> Path:
        """What others say who made the releases again; the publisher puts their files there."""
        return self.root / buildinfo.BUILDERS

    @property
    def preview(self) -> Path:
        """The site that shows drafts to the reviewers."""
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
    def dagster_events(self) -> Path:
        """The folder of Dagster's event log."""
        return self.dagster / "history" / "runs"

    @property
    def inbox(self) -> Path:
        """Files that people drop in for datasets that read `file:` sources."""
        return self.root / "inbox"

    @property
    def profile(self) -> str | None:
        """The profile that the folder belongs to; None before one has claimed it.

        Raises:
            StoreError: the folder's record is damaged, or a newer version has written it.
        """
        path = self.root / RECORD
        if not path.exists():
            return None
        try:
            record = DataDirRecord.model_validate_json(unsealed(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"the data folder's record cannot be read: {error}", where=str(path),
                todo='write the profile into it, e.g. {"profile": "sample"}',
            ) from error
        if record.format > FORMAT:
            raise NewerDataDirError(
                f"the data folder was written by a newer version (its format is {record.format},"
                f" this version knows {FORMAT})", where=str(self.root),
                todo="update openindicators; nothing was touched",
            )
        return record.profile

    def claim(self, profile: str) -> None:
        """Make the folder that of a profile, or check that it is.

        Two profiles in one folder would share one release history.

        Raises:
            StoreError: it belongs to another profile, or holds records and does not say whose.
        """
        owner = self.profile
        if owner is None:
            owner = self._claim_unowned(profile)
        if owner != profile:
            raise StoreError(
                f"the data folder holds the records of profile {owner!r}, not of {profile!r}",
                where=str(self.root),
                todo=f"run with `--profile {owner}`, or give profile {profile} a folder of its own:"
                f" OPENINDICATORS_DATA_DIR={self.root.with_name(f'{self.root.name}-{profile}')}",
            )

    def _claim_unowned(self, profile: str) -> str:
        with self._lock(self.root / "locks" / "data_dir.lock", 60) as held:
            if not held:
                raise BusyError(
                    "another run is claiming this data folder", where=str(self.root),
                    todo="run again",
                )
            if self.profile is None:
                owner = self._profile_of_snapshots() or profile
                record = sealed(pretty_json(DataDirRecord(profile=owner, format=FORMAT)))
                write_if_changed(self.root / RECORD, record)
            return self.profile or profile

    def _profile_of_snapshots(self) -> str | None:
        """Return the profile that the folder's snapshots record; None where there are none."""
        paths = (self.root / "snapshots").glob("*/*/*/snapshot.json")
        found = {json.loads(path.read_bytes()).get("profile") for path in paths}
        if found and (None in found or len(found) > 1):
            raise StoreError(
                "the data folder holds snapshots but does not record of which profile",
                where=str(self.root),
                todo="record it, e.g. for the profile sample:"
                f" `echo '{{\"profile\": \"sample\"}}' > {self.root / RECORD}`; or give this run"
                " another folder with OPENINDICATORS_DATA_DIR",
            )
        return next(iter(found), None)

    def prepare(self) -> None:
        """Create the folder, and check that it is writable, locks hold, and no newer version's.

        Raises:
            StoreError: read-only, full, not a folder, on a file system without locks, or written by
                a newer version.
        """
        try:
            _ = self.profile
        except NewerDataDirError:
            raise
        except StoreError:
            pass  # `doctor` can restore the record, and `claim` refuses it

        with disk_errors(self.root):
            for folder in (self.root, self.dagster, self.inbox):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".writable-{os.getpid()}{STAGING}"  # goes if this is killed
            probe.write_bytes(b"x" * 4096)
            with self._lock(probe, 0) as first, self._lock(probe, 0) as second:
                probe.unlink()
            if not first or second:
                raise StoreError(
                    "the file system keeps no locks, and two runs at once would damage the records",
                    where=str(self.root),
                    todo="mount it with locks (NFS: without `nolock`), or give"
                    " OPENINDICATORS_DATA_DIR a folder on a local disk",
                )

    @contextmanager
    def run_lock(self) -> Iterator[None]:
        """Hold the folder for one run.

        Raises:
            BusyError: another run holds it.
        """
        with self._lock(self.root / ".run.lock", 0) as held:
            if not held:
                raise BusyError(
                    "another run is at work in this data folder",
                    where=str(self.root),
                    todo="wait until it ends, or give this run a folder of its own with"
                    " OPENINDICATORS_DATA_DIR",
                )
            self._remove_unfinished()
            self.take_news()
            yield

    def take_news(self) -> None:
        """Bring the folder to what other machines have committed to the shared store, if any.

        Raises:
            StoreError: the store cannot be reached.
        """
        if self.shared is None:
            return
        with self.shared_by_all():
            pass
        for dataset in self.shared.news(self.root):
            with self.dataset_lock(dataset):
                pass

    @contextmanager
    def shared_by_all(self) -> Iterator[None]:
        """Hold the records that belong to no dataset, if a shared store has them too.

        Raises:
            BusyError: another machine has committed others meanwhile.
            StoreError: the store cannot be reached.
        """
        if self.shared is None:
            yield
            return
        with self._lock(self.root / "locks" / "project.lock", 300) as held:
            if not held:
                raise BusyError(
                    "another run has been writing the records of the project for 300 s",
                    where=str(self.root), todo="wait until it ends, then run again",
                )
            with self._exchanged(
                PROJECT, self.root / RECORD, self.failures, self.submissions, self.transparency_log,
                self.buildinfo, self.builders, self.announced,
            ):
                yield

    @contextmanager
    def _exchanged(self, manifest: str, *places: Path) -> Iterator[None]:
        """Take what the shared store has of `places`, and give it what changes."""
        if self.shared is None:
            yield
            return
        self.shared.take(self.root, manifest, places)
        yield
        self.shared.give(self.root, manifest, places)

    def _remove_unfinished(self) -> None:
        """Remove what killed processes left unfinished.

        Whoever writes a dataset's records holds its lock, also from another container or host;
        the system releases the lock of a process that dies. So what is found under a lock that
        can be taken is in no one's use. No lock is taken where nothing is found.
        """
        for folder in (self.site, self.preview, self.buildinfo, self.root / "ledger"):
            remove_old(staging_under(folder), PAGE_SECONDS)
        beside = self.root.glob(f".*{STAGING}*")  # of the catalogue, and DuckDB's log beside it
        remove_old((path for path in beside if path.is_file()), PAGE_SECONDS)
        remove_old((self.root / "unpacked").glob("*/*/*"), SESSION_SECONDS)
        unfinished: dict[str, list[Path]] = defaultdict(list)
        for folder in (self.root / name for name in _DATASET_FOLDERS):
            for path in staging_under(folder):
                sector, dataset, *_ = path.relative_to(folder).parts
                unfinished[f"{sector}/{dataset}"].append(path)
        sessions = (self.root / "fetch_sessions").glob("*/*")
        for dataset in sorted(unfinished.keys() | {"/".join(path.parts[-2:]) for path in sessions}):
            with self._lock(self._lock_path(dataset), 0) as held:
                if not held:
                    continue
                remove_old(unfinished[dataset])
                remove_old([self.fetch_session(dataset)], SESSION_SECONDS)

    @contextmanager
    def dataset_lock(self, dataset: str, timeout: float = 300) -> Iterator[None]:
        """Hold one dataset while a step writes its records.

        Raises:
            BusyError: another step held it for longer than `timeout` seconds.
        """
        path = self._lock_path(dataset)
        with self._lock(path, timeout) as held:
            if not held:
                raise BusyError(
                    f"another run has been writing {dataset} for {timeout:.0f} s",
                    where=str(path), todo="wait until it ends, then run this dataset again",
                )
            with self._exchanged(
                f"datasets/{dataset}.json", self.snapshots(dataset), self.releases(dataset),
                self.packs(dataset), self.ledger(dataset), self.drafts(dataset),
                self.validation_runs(dataset), self.acceptances(dataset),
                self.accepted_checks(dataset),
            ):
                yield

    def _lock_path(self, dataset: str) -> Path:
        return self.root / "locks" / f"{dataset.replace('/', '__')}.lock"

    @contextmanager
    def _lock(self, path: Path, timeout: float) -> Iterator[bool]:
        """Hold a lock file; gives False where it was held elsewhere for `timeout` seconds."""
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        # Without `flock`, a lock file that outlives a killed process would have to do.
        lock = FileLock(path, timeout=timeout, fallback_to_soft=False)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS):
                raise
            yield False  # the file system has no locks: see `prepare`
            return
        try:
            yield True
        finally:
            lock.release()
