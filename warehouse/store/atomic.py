"""Records on disk that appear whole or not at all: folders, and lines of append-only logs.

A record of a log is one `write` to a file opened for appending, forced to the disk. A crash leaves
every earlier record as it was and at most one torn line at the end: it has no newline, is ignored
by readers, and the next append moves it to `<log>.torn`. Of several records appended together a
crash may leave the first ones. The caller holds the dataset's lock. Each line ends with the
checksum of what stands before it (`model.util.hashing.sealed`).
"""

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from model.errors import StoreError
from model.util.disk import STAGING, disk_errors, make_folder, staging_path, sync
from model.util.hashing import canonical_json, sealed, unsealed


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield a staging folder to fill; on success, sync it and rename it to `target` (the commit).

    On an error nothing is left behind. `target` must not exist.

    Raises:
        StoreError: full, read-only, forbidden, or another process made `target` meanwhile.
    """
    staging = staging_path(target)
    with disk_errors(target):
        make_folder(target.parent)
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
                    "was made by another run at the same time", where=str(target), todo="run again",
                ) from error
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def remove_directory(path: Path) -> None:
    """Remove a folder of records at once: what a kill leaves of it goes with the next run.

    The caller holds the lock under which it is written. Raises StoreError where it may not.
    """
    leaving = staging_path(path)
    with disk_errors(path):
        os.rename(path, leaving)
    shutil.rmtree(leaving, ignore_errors=True)


def staging_under(folder: Path) -> list[Path]:
    """Return every staging file and folder under `folder`."""
    return [
        Path(parent, name)
        for parent, folders, files in os.walk(folder)  # every run looks at all that is there
        for name in (*folders, *files) if name.startswith(".") and _is_staging(name)
    ]


def remove_old(paths: Iterable[Path], seconds: float = 0) -> None:
    """Remove files and folders that have been unfinished for so many `seconds`.

    Either the caller holds the lock under which they are written, or no writer needs as long: none
    of them is in use.
    """
    until = time.time() - seconds
    for path in paths:
        with suppress(FileNotFoundError):  # whoever wrote it has ended
            if path.lstat().st_mtime > until:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _is_staging(name: str) -> bool:
    # Earlier versions ended the name with the process id.
    return name.endswith(STAGING) or name.rpartition(".")[2].isdigit()


Record = TypeVar("Record", bound=BaseModel)


def read_log(path: Path, record: type[Record], what: str, todo: str) -> list[Record]:
    """Return the records of the log `path`, of the type `record`, oldest first; none without a log.

    Errors name the log (`what`) and say what `todo`.

    Raises:
        StoreError: a line that ends in a newline is no such record, or was changed.
    """
    if not path.exists():
        return []
    with disk_errors(path):
        lines = path.read_bytes().split(b"\n")[:-1]
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(record.model_validate_json(unsealed(line)))
        except ValueError as error:
            raise StoreError(
                f"{what} cannot be read: {error}", where=f"{path}:{number}", todo=todo
            ) from error
    return found


def append_log(path: Path, records: Iterable[BaseModel]) -> None:
    """Add `records`, a line of JSON for each, to the log at `path`.

    Raises:
        StoreError: full, read-only, forbidden.
    """
    data = "".join(sealed(canonical_json(item)) + "\n" for item in records).encode()
    with disk_errors(path):
        make_folder(path.parent)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            _move_torn_line(descriptor, path)
            while data:  # a full disk may take a part: the next write raises
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync(path.parent)


def _move_torn_line(descriptor: int, path: Path) -> None:
    """Move what follows the last newline to `<log>.torn`."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    with path.with_name(f"{path.name}.torn").open("ab") as file:
        file.write(content[end:] + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.ftruncate(descriptor, end)
