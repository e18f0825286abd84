"""What Linux tells of its processes: who they are, and when they end."""

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
        born: boot and moment of birth; no two processes with the same number share it.
        group: the number of its process group.
        is_alive: false for one that has ended and waits for its parent to notice.
    """

    born: str
    group: int
    is_alive: bool


def stat(pid: int) -> Stat | None:
    """Return what the kernel tells of a process, None when none has this number.

    Source: proc(5): after the name, which may hold spaces and brackets, come the state (field 3),
    the group (5) and the start time in ticks since boot (22).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Stat(f"{boot}/{fields[19]}", int(fields[2]), fields[0] not in "ZX")


def folder(pid: int) -> Path:
    """Return the folder in which a process works, `/` when that cannot be seen."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # gone, or another user's
        return Path("/")


def processes() -> list[int]:
    """Return the numbers of all processes."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


@contextlib.contextmanager
def handle(pid: int) -> Iterator[int | None]:
    """Hold a process so that its number cannot come to mean another; None when it is gone."""
    try:
        quarantined = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield quarantined
    finally:
        os.close(quarantined)


def has_ended(quarantined: int, seconds: float) -> bool:
    """Wait so long for the end of a held process; tell whether it came."""
    return bool(select.select([quarantined], [], [], seconds)[0])
