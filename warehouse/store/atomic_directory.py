"""Folders that are there whole or not at all, and clearing what killed processes left aside."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import StoreError
from model.util.disk import disk_errors, staging_path, sync


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Fill a folder aside; on leaving, sync it and rename it to `target` (the commit).

    On an error nothing is left behind. `target` must not exist.

    Raises:
        StoreError: full, read-only, forbidden, or somebody else made `target` meanwhile.
    """
    aside = staging_path(target)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
            for path in sorted(aside.rglob("*")):
                sync(path)
            sync(aside)
            os.rename(aside, target)
            sync(target.parent)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise StoreError(
                    "was made by another run at the same time",
                    where=str(target), todo="run again",
                ) from error
            raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def sweep(root: Path) -> int:
    """Remove what killed processes left aside under `root`; returns how much that was.

    The name of what is written aside ends in the number of its process.
    """
    removed = 0
    for path in list(root.rglob(".*.*")):
        process = path.name.rpartition(".")[2]
        if not process.isdigit() or _is_alive(int(process)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        removed += 1
    return removed


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
