"""What Linux knows about processes: which one a number means, and when it exits."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stat:
    """One process.

    Args:
        started_at: boot and start time; no two processes with the same number share it.
        group: the number of its process group.
        is_alive: false for one that has exited and waits for its parent to notice.
    """

    started_at: str
    group: int
    is_alive: bool


def stat(pid: int) -> Stat | None:
    """Return what the kernel knows about a process, None when none has this number.

    Source: proc(5): after the name, which may contain spaces and brackets, come the state
    (field 3), the group (5) and the start time in ticks since boot (22).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Stat(f"{boot}/{fields[19]}", int(fields[2]), fields[0] not in "ZX")


def working_folder(pid: int) -> Path:
    """Return the working folder of a process, `/` when it cannot be seen."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # gone, or another user's
        return Path("/")


def processes() -> list[int]:
    """Return the numbers of all processes."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


@contextlib.contextmanager
def handle(pid: int) -> Iterator[int | None]:
    """Open a handle that keeps meaning this process even if its number is reused; None if gone."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield pidfd
    finally:
        os.close(pidfd)


def has_exited(pidfd: int, seconds: float) -> bool:
    """Wait at most so long for the process behind a handle to exit; return whether it did."""
    return bool(select.select([pidfd], [], [], seconds)[0])
