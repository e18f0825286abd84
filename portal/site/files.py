"""Replace a folder so that a reader sees the old one or the new one, never half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

LOCK_SECONDS = 120


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a site's shared pages; its file stands beside the folder, not in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=LOCK_SECONDS):
        yield


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give a staging folder to fill; on leaving, it replaces `target` by renaming.

    POSIX cannot exchange two folders in one step: between two renames `target` is missing for
    an instant. A process killed in that instant leaves the old folder renamed, and `recover`
    restores it.
    """
    staging, old = _staging(target), _old(target)
    recover(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
        if target.exists():
            target.rename(old)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        recover(target)


def recover(target: Path) -> None:
    """Restore, or delete, the old folder that an interrupted replacement left behind."""
    old = _old(target)
    if old.exists():
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _staging(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link the file `source` as `target`, or copy it where the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
