"""Snapshots: the bytes as a source served them, named by their checksum, never rewritten.

    snapshots/<sector>/<dataset>/<sha256>/   the parts, and snapshot.json
    snapshots/<sector>/<dataset>/current     the checksum of the snapshot that was taken last
"""

import logging
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from model.errors import StoreError
from model.records.snapshot import Part, Snapshot
from model.util.disk import atomic_write, disk_errors, write_if_changed
from model.util.hashing import (
    has_checksum,
    pretty_json,
    sealed,
    sha256_json,
    unsealed,
)
from warehouse.store.atomic import atomic_directory
from warehouse.store.data_dir import DataDir

RECORD = "snapshot.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot and the folder that holds its parts."""

    snapshot: Snapshot
    folder: Path

    def part_path(self, part: Part) -> Path:
        """Return where a part's bytes are."""
        return self.folder / part.name


def latest(data_dir: DataDir, dataset: str) -> StoredSnapshot | None:
    """Return the snapshot of a `dataset` in `data_dir` that was taken last, or None.

    Raises:
        StoreError: its record is missing or damaged.
    """
    sha256 = taken_last(data_dir, dataset)
    return load(data_dir, dataset, sha256) if sha256 else None


def taken_last(data_dir: DataDir, dataset: str) -> str | None:
    """Return the checksum of the snapshot that was taken last, or None."""
    pointer = data_dir.snapshots(dataset) / "current"
    return pointer.read_text().strip() if pointer.exists() else None


def count_as_last(data_dir: DataDir, dataset: str, sha256: str | None) -> None:
    """Let a snapshot with a checksum, or none, count as the one taken last; others are kept.

    Raises:
        StoreError: the data folder cannot be written.
    """
    pointer = data_dir.snapshots(dataset) / "current"
    if sha256:
        write_if_changed(pointer, sha256 + "\n")
    else:
        with disk_errors(pointer):
            pointer.unlink(missing_ok=True)


def load(data_dir: DataDir, dataset: str, sha256: str) -> StoredSnapshot:
    """Return the snapshot of a `dataset` in `data_dir` that has the checksum `sha256`.

    Raises:
        StoreError: it is missing or damaged.
    """
    folder = data_dir.snapshots(dataset) / sha256
    try:
        text = unsealed((folder / RECORD).read_bytes())
        return StoredSnapshot(Snapshot.model_validate_json(text), folder)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the snapshot's record cannot be read: {error}", where=str(folder),
            todo=f"remove {folder.parent / 'current'}, then run again to fetch it anew",
        ) from error


def intact(data_dir: DataDir, dataset: str) -> StoredSnapshot | None:
    """Return the last snapshot of a `dataset` in `data_dir`; None without one, or if it is damaged.

    What is damaged is fetched anew and stored again: see `save`.
    """
    try:
        stored = latest(data_dir, dataset)
        if stored is not None:
            verify(stored)
        return stored
    except StoreError as error:
        log.warning("%s: it is fetched anew", error)
        return None


def verify(stored: StoredSnapshot) -> None:
    """Check that every part still has the checksum under which it was stored.

    Raises:
        StoreError: a part was changed or lost.
    """
    for part in stored.snapshot.parts:
        path = stored.part_path(part)
        if not has_checksum(path, part.sha256):
            raise StoreError(
                "a snapshot's part is missing or was changed after it was stored",
                where=str(path), todo=f"remove {stored.folder} and run again to fetch it anew",
            )


def save(
    data_dir: DataDir, dataset: str, parts: list[tuple[Part, Path]], *, protocol: str,
    options: dict[str, Any], licence: str, retrieved: datetime, profile: str | None = None,
) -> tuple[StoredSnapshot, bool]:
    """Store what a source served, unless the same bytes are stored already, undamaged.

    Args:
        data_dir: the data folder.
        dataset: its id.
        parts: each part of the answer, and the file that holds its bytes.
        protocol: how the source was asked.
        options: with which options, as JSON.
        licence: the terms of the source at that time.
        retrieved: when it answered, in UTC.
        profile: of the data folder.

    Returns:
        The snapshot, and whether it differs from the one taken last.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    sha256 = sha256_json([[part.name, part.sha256] for part, _ in parts])
    before = taken_last(data_dir, dataset)
    folder = data_dir.snapshots(dataset) / sha256
    stored = _replace_damaged(data_dir, dataset, sha256, parts) if folder.exists() else None
    if stored is None:
        shutil.rmtree(folder, ignore_errors=True)
        snapshot = Snapshot(
            dataset=dataset, sha256=sha256, retrieved=retrieved, protocol=protocol, options=options,
            licence=licence, profile=profile, parts=tuple(part for part, _ in parts),
        )
        with atomic_directory(folder) as staging:
            for part, path in parts:
                with disk_errors(staging / part.name):
                    shutil.copyfile(path, staging / part.name)
            (staging / RECORD).write_text(sealed(pretty_json(snapshot)), encoding="utf-8")
    if before != sha256:
        count_as_last(data_dir, dataset, sha256)
    return load(data_dir, dataset, sha256), before != sha256


def _replace_damaged(
    data_dir: DataDir, dataset: str, sha256: str, parts: list[tuple[Part, Path]]
) -> StoredSnapshot | None:
    """Replace what is damaged of a stored snapshot; None where its record cannot be read."""
    try:
        stored = load(data_dir, dataset, sha256)
    except StoreError:
        return None
    for part, path in parts:
        target = stored.part_path(part)
        if not has_checksum(target, part.sha256):
            with atomic_write(target) as staging:
                shutil.copyfile(path, staging)
    return stored
