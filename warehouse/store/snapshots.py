"""Snapshots: the bytes as a source served them, named by their checksum, never rewritten.

    snapshots/<sector>/<dataset>/<sha256>/   the parts, and snapshot.json
    snapshots/<sector>/<dataset>/current     the checksum of the snapshot that was taken last
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from model.errors import StoreError
from model.records.snapshot import Part, Snapshot
from model.util.disk import disk_errors, write_if_changed
from model.util.hashing import pretty_json, sha256_file, sha256_json
from warehouse.store.atomic import atomic_directory
from warehouse.store.data_dir import DataDir


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot and the folder that holds its parts."""

    snapshot: Snapshot
    folder: Path

    def part_path(self, part: Part) -> Path:
        """Return where a part's bytes are."""
        return self.folder / part.name


def latest(data_dir: DataDir, dataset: str) -> StoredSnapshot | None:
    """Return the snapshot that was taken last, or None.

    Raises:
        StoreError: its record is missing or damaged.
    """
    pointer = data_dir.snapshots(dataset) / "current"
    if not pointer.exists():
        return None
    return load(data_dir, dataset, pointer.read_text().strip())


def load(data_dir: DataDir, dataset: str, sha256: str) -> StoredSnapshot:
    """Return one snapshot.

    Raises:
        StoreError: it is missing or damaged.
    """
    folder = data_dir.snapshots(dataset) / sha256
    try:
        text = (folder / "snapshot.json").read_text(encoding="utf-8")
        return StoredSnapshot(Snapshot.model_validate_json(text), folder)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"the snapshot's record cannot be read: {error}", where=str(folder),
            todo=f"remove {folder.parent / 'current'}, then run again to fetch it anew",
        ) from error


def verify(stored: StoredSnapshot) -> None:
    """Check that every part still has the checksum under which it was stored.

    Raises:
        StoreError: a part was changed or lost.
    """
    for part in stored.snapshot.parts:
        path = stored.part_path(part)
        if not path.exists() or sha256_file(path) != part.sha256:
            raise StoreError(
                "a snapshot's part is missing or was changed after it was stored",
                where=str(path), todo=f"remove {stored.folder} and run again to fetch it anew",
            )


def save(
    data_dir: DataDir, dataset: str, parts: list[tuple[Part, Path]], *, protocol: str,
    options: dict[str, Any], licence: str, retrieved: datetime, profile: str | None = None,
) -> tuple[StoredSnapshot, bool]:
    """Store what a source served, unless the same bytes are stored already.

    Returns:
        The snapshot, and whether it differs from the one taken last.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    sha256 = sha256_json([[part.name, part.sha256] for part, _ in parts])
    pointer = data_dir.snapshots(dataset) / "current"
    before = pointer.read_text().strip() if pointer.exists() else None
    folder = data_dir.snapshots(dataset) / sha256
    if not folder.exists():
        snapshot = Snapshot(
            dataset=dataset, sha256=sha256, retrieved=retrieved, protocol=protocol, options=options,
            licence=licence, profile=profile, parts=tuple(part for part, _ in parts),
        )
        with atomic_directory(folder) as staging:
            for part, path in parts:
                with disk_errors(staging / part.name):
                    shutil.copyfile(path, staging / part.name)
            (staging / "snapshot.json").write_text(pretty_json(snapshot), encoding="utf-8")
    if before != sha256:
        write_if_changed(pointer, sha256 + "\n")
    return load(data_dir, dataset, sha256), before != sha256
