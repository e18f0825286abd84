"""Folders exchanged so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Fill a folder aside; on leaving, it takes the place of `target` by renaming.

    POSIX cannot exchange two folders in one step: between two renames `target` is missing for
    an instant. A process killed in that instant leaves the old folder aside, and `recover`
    brings it back.
    """
    aside, old = _aside(target), _old(target)
    recover(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        if target.exists():
            target.rename(old)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        recover(target)


def recover(target: Path) -> None:
    """Bring back, or clear away, what an exchange that was cut short left behind."""
    old = _old(target)
    if old.exists():
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second place, without a second copy where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
