"""Atomic file writes, and operating system errors as messages that say what to do."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from model.errors import OpenIndicatorsError, StoreError
from model.util.hashing import linked

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "free some space, then run again: nothing is lost"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then run again"),
    errno.EROFS: ("the file system is read-only", "give OPENINDICATORS_DATA_DIR another folder"),
    errno.EACCES: ("permission denied", "give this user the right to write there"),
    errno.EPERM: ("permission denied", "give this user the right to write there"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "move the file away"),
    errno.EEXIST: ("a file stands where a folder is needed", "move the file away"),
}


@contextmanager
def disk_errors(path: Path, kind: type[OpenIndicatorsError] = StoreError) -> Iterator[None]:
    """Raise operating system errors as a `kind` of ours, with what to do next.

    `path` is where it happened, if the error itself names no file.
    """
    try:
        yield
    except OSError as error:
        what, todo = _ADVICE.get(
            error.errno or 0, (f"cannot be written: {error.strerror or error}", "check the disk")
        )
        raise kind(what, where=str(error.filename or path), todo=todo) from error


def sync(path: Path) -> None:
    """Force the bytes of a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, so that a power cut leaves none of them out.

    A name that is not forced to the disk in its own folder may be lost, with all below it.
    """
    new = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in reversed(new):
        sync(each.parent)


def is_inside(path: str) -> bool:
    """Whether a relative `path` that somebody else wrote, with slashes, stays inside its folder."""
    pure = PurePosixPath(path)
    return (
        bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts
        and "\0" not in path and "\\" not in path
    )


STAGING = ".staging"


def staging_path(target: Path) -> Path:
    """Return a new hidden name beside `target` to write it under before it is renamed.

    The name is random: process ids repeat across containers that share the folder.
    """
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}{STAGING}")


@contextmanager
def atomic_write(
    target: Path, kind: type[OpenIndicatorsError] = StoreError, *, lasting: bool = True
) -> Iterator[Path]:
    """Yield a path to write a file to; when the block succeeds it is synced and renamed.

    A reader, also after a crash, finds the old file or the new one, never half of one.

    Args:
        target: the file.
        kind: what is raised.
        lasting: False for what the next run makes again: it is not forced to the disk, which takes
            many times as long as writing a page, and a crash may leave it empty.

    Raises:
        StoreError: full, read-only, forbidden (or the `kind` that is asked for).
    """
    staging = staging_path(target)
    with disk_errors(target, kind):
        if lasting:
            make_folder(target.parent)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield staging
            if lasting:
                sync(staging)
            staging.replace(target)
            if lasting:
                sync(target.parent)
        finally:
            staging.unlink(missing_ok=True)


def write_if_changed(
    path: Path, content: str | bytes, kind: type[OpenIndicatorsError] = StoreError, *,
    lasting: bool = True,
) -> bool:
    """Write a file by `atomic_write`; leave an equal file untouched.

    Args: as `atomic_write`, and the `content`.

    Returns:
        Whether the file was written.

    Raises:
        StoreError: full, read-only, forbidden (or the `kind` that is asked for).
    """
    data = content.encode() if isinstance(content, str) else content
    with disk_errors(path, kind):
        if path.is_file() and path.read_bytes() == data:
            return False
        with atomic_write(path, kind, lasting=lasting) as staging:
            staging.write_bytes(data)
    return True


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link the file `source` as `target`, or copy it where the file system cannot link."""
    try:
        os.link(source, target)
        linked(source, target)
    except OSError:
        shutil.copy2(source, target)
