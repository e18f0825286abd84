"""What the operating system's errors mean to the person who must act."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TypedDict

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "free some space, then run again: nothing is lost"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then run again"),
    errno.EROFS: ("the file system is read-only", "give OPENINDICATORS_HOME another folder"),
    errno.EACCES: ("permission denied", "give this user the right to write there"),
    errno.EPERM: ("permission denied", "give this user the right to write there"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "move the file away"),
    errno.EEXIST: ("a file stands where a folder is needed", "move the file away"),
}


class Explained(TypedDict):
    """The parts of an error of our own."""

    what: str
    where: str
    todo: str


def explain(error: OSError, path: Path) -> Explained:
    """Return what happened, where (the error's own file, else `path`), and what to do next."""
    what, todo = _ADVICE.get(
        error.errno or 0, (f"cannot be written: {error.strerror or error}", "check the disk")
    )
    return {"what": what, "where": str(error.filename or path), "todo": todo}
