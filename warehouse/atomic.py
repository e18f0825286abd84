"""Writing so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.disk import explain
from model.errors import StoreError


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors into a StoreError that says what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(**explain(error, path)) from error


def sync_file(path: Path) -> None:
    """Force a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> bool:
    """Write a text file aside and rename it into place; leave an equal file untouched.

    Returns:
        Whether the file changed.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    data = text.encode()
    with store_errors(path):
        if path.exists() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            aside.write_bytes(data)
            sync_file(aside)
            aside.rename(path)
        finally:
            aside.unlink(missing_ok=True)
    return True


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Fill a folder aside; on leaving, sync it and rename it to `target` (the commit).

    On an error nothing is left behind. `target` must not exist.

    Raises:
        StoreError: full, read-only, forbidden, or somebody else made `target` meanwhile.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    with store_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
            for path in sorted(aside.rglob("*")):
                sync_file(path)
            sync_file(aside)
            os.rename(aside, target)
            sync_file(target.parent)
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
