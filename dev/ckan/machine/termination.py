"""Stopping services: in order if possible, by force if not, and only processes that are ours."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any

from dev.ckan.machine import kernel, pid_files
from dev.ckan.portal_dir import PortalDir
from model.errors import PortalError

POLL_SECONDS = 0.05
STOP_SECONDS = 30
REAP_SECONDS = 5


def stop(portal_dir: PortalDir, name: str, seconds: float = STOP_SECONDS) -> bool:
    """Stop a service, by force when it takes too long; return whether it was running.

    Children that outlived it (they would hold its port) are killed too.

    Raises:
        PortalError: it belongs to another user, or survived SIGKILL.
    """
    identity = pid_files.read(portal_dir, name)
    if identity is None:
        return False
    was_running = in_order = False
    with kernel.handle(identity["pid"]) as handle:
        # The handle names this very process whatever happens to the number afterwards.
        if handle is not None and pid_files.running(portal_dir, name) is not None:
            was_running = True
            in_order = _stop_process(handle, identity, name, seconds)
    _kill_orphans(portal_dir, identity["pid"])
    _reap(identity, 0 if in_order else REAP_SECONDS)
    pid_files.remove(portal_dir, name)
    return was_running


def _stop_process(handle: int, identity: dict[str, Any], name: str, seconds: float) -> bool:
    """Stop the process behind a handle; return whether it exited in order."""
    try:
        signal.pidfd_send_signal(handle, identity["stop_signal"])
        if kernel.has_exited(handle, seconds):
            return True
        os.killpg(identity["pid"], signal.SIGKILL)  # started as the leader of its own group
    except PermissionError as error:
        raise PortalError(
            f"{name} (process {identity['pid']}) was started by another user",
            todo="run `down` as the user who ran `up`",
        ) from error
    if not kernel.has_exited(handle, seconds):
        raise PortalError(
            f"{name} (process {identity['pid']}) did not exit after SIGKILL",
            todo=f"look what it waits for (`cat /proc/{identity['pid']}/wchan`), then `down` again",
        )
    return False


def _kill_orphans(portal_dir: PortalDir, group: int) -> None:
    """Kill what is left of a service's process group.

    A group's number can be given to another group once all its processes are gone: only those
    whose working folder lies in the portal's are ours.
    """
    for pid in kernel.processes():
        with kernel.handle(pid) as handle:
            stat = kernel.stat(pid)
            if handle is None or stat is None or stat.group != group:
                continue
            if kernel.working_folder(pid).is_relative_to(portal_dir.root):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                kernel.has_exited(handle, STOP_SECONDS)


def _reap(identity: dict[str, Any], seconds: float) -> None:
    """Wait until an exited process has left the process table.

    Until then, after a crash, PostgreSQL takes its old lock file for a living server's.
    """
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(identity["pid"], os.WNOHANG)  # our own child waits for us alone
        stat = kernel.stat(identity["pid"])
        is_gone = stat is None or stat.started_at != identity["started_at"]
        if is_gone or time.monotonic() >= deadline:
            return
        time.sleep(POLL_SECONDS)
