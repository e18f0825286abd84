"""Folders that appear whole or not at all, and removing what killed processes left unfinished."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import StoreError
from model.util.disk import STAGING, disk_errors, staging_path, sync


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield a staging folder to fill; on success, sync it and rename it to `target` (the commit).

    On an error nothing is left behind. `target` must not exist.

    Raises:
        StoreError: full, read-only, forbidden, or another process made `target` meanwhile.
    """
    staging = staging_path(target)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
        try:
            yield staging
            for path in sorted(staging.rglob("*")):
                sync(path)
            sync(staging)
            os.rename(staging, target)
            sync(target.parent)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise StoreError(
                    "was made by another run at the same time",
                    where=str(target), todo="run again",
                ) from error
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def remove_staging(folder: Path) -> int:
    """Remove every staging file and folder under `folder`; return how many there were.

    The caller holds the lock under which `folder` is written, so that none of them is in use.
    """
    found = [path for path in folder.rglob(".*") if _is_staging(path.name)]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _is_staging(name: str) -> bool:
    # Earlier versions ended the name with the process id.
    return name.endswith(STAGING) or name.rpartition(".")[2].isdigit()
