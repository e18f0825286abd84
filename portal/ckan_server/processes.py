"""Services in the background: started once, known by pid file, ended only if they are ours."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import PortalError
from portal.ckan_server import kernel
from portal.ckan_server.commands import as_user, environment, failure
from portal.ckan_server.home import Home, fingerprint

POLL_SECONDS = 0.05
STOP_SECONDS = 30
REAP_SECONDS = 5


@dataclass(frozen=True)
class Service:
    """A program that runs until it is ended.

    Args:
        name: names its log and pid file.
        command: the program and its arguments.
        ready: tells whether it answers; asked again and again until it does.
        user: the user that it runs as, if not the current one.
        env: variables to add to its environment.
        files: what it reads at its start; one that runs with others is started anew.
        start_seconds: how long it may take until it answers.
        stop_signal: what asks it to end in order.
    """

    name: str
    command: list[str]
    ready: Callable[[], bool]
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    start_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM


def start(home: Home, service: Service) -> bool:
    """Start a service unless it runs already, as it is now wanted; tell whether it was started."""
    version = fingerprint(*service.command, *service.env.values(), *service.files)
    identity = _identity(home, service.name)
    if running(home, service.name) is not None and identity and identity["version"] == version:
        return False
    stop(home, service.name)
    log = home.log(service.name)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(service.env),
            cwd=home.root,
            start_new_session=True,
            **as_user(service.user),
        )
    born = kernel.stat(process.pid)
    identity = {
        "pid": process.pid,
        "born": born.born if born else None,
        "version": version,
        "stop_signal": int(service.stop_signal),
    }
    _pid_file(home, service.name).write_text(json.dumps(identity))
    return True


def wait_until_ready(home: Home, service: Service) -> None:
    """Wait until a started service answers.

    Raises:
        PortalError: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + service.start_seconds
    while not service.ready():
        if running(home, service.name) is None:
            raise failure(
                f"{service.name} ended right after its start",
                home.log(service.name),
                "mend what the log names, then run `up` again",
            )
        if time.monotonic() > deadline:
            raise failure(
                f"{service.name} did not answer within {service.start_seconds:.0f} s",
                home.log(service.name),
                "run `down`, see whether the machine has memory and processor time, run `up` again",
            )
        time.sleep(POLL_SECONDS)


def running(home: Home, name: str) -> int | None:
    """Return the process id of one of our services, or None when it does not run.

    A pid file outlives its process (a crash, a restart of the machine), and the number may by then
    belong to a stranger: only a process born at the recorded moment is ours.
    """
    identity = _identity(home, name)
    if identity is None:
        return None
    stat = kernel.stat(identity["pid"])
    is_ours = stat is not None and stat.is_alive and stat.born == identity["born"]
    return identity["pid"] if is_ours else None


def stop(home: Home, name: str, seconds: float = STOP_SECONDS) -> bool:
    """End a service in order, or by force when it takes too long; tell whether it ran.

    Its children that outlived it (they would hold its port) are ended too.

    Raises:
        PortalError: it belongs to another user, or survived the force.
    """
    identity = _identity(home, name)
    if identity is None:
        return False
    ran = in_order = False
    with kernel.handle(identity["pid"]) as handle:
        # The handle names this very process whatever happens to the number afterwards.
        if handle is not None and running(home, name) is not None:
            ran = True
            in_order = _end(handle, identity, name, seconds)
    _end_orphans(home, identity["pid"])
    _reap(identity, 0 if in_order else REAP_SECONDS)
    _pid_file(home, name).unlink(missing_ok=True)
    return ran


def _end(handle: int, identity: dict[str, Any], name: str, seconds: float) -> bool:
    """End a held service; tell whether it ended in order."""
    try:
        signal.pidfd_send_signal(handle, identity["stop_signal"])
        if kernel.has_ended(handle, seconds):
            return True
        os.killpg(identity["pid"], signal.SIGKILL)  # started as the leader of its own group
    except PermissionError as error:
        raise PortalError(
            f"{name} (process {identity['pid']}) was started by another user",
            todo="run `down` as the user who ran `up`",
        ) from error
    if not kernel.has_ended(handle, seconds):
        raise PortalError(
            f"{name} (process {identity['pid']}) does not end, not even by force",
            todo=f"see what it waits for (`cat /proc/{identity['pid']}/wchan`), then `down` again",
        )
    return False


def _end_orphans(home: Home, group: int) -> None:
    """Kill what is left of a service's process group.

    A group's number can come to mean another group once all its processes are gone: only those
    that work in the portal's folder are ours.
    """
    for pid in kernel.processes():
        with kernel.handle(pid) as handle:
            stat = kernel.stat(pid)
            if handle is None or stat is None or stat.group != group:
                continue
            if kernel.folder(pid).is_relative_to(home.root):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                kernel.has_ended(handle, STOP_SECONDS)


def _reap(identity: dict[str, Any], seconds: float) -> None:
    """Wait until the process table has forgotten a process that has ended.

    After a crash PostgreSQL takes its old lock file for a living server's until then.
    """
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(identity["pid"], os.WNOHANG)  # a child of ours waits for us alone
        stat = kernel.stat(identity["pid"])
        if stat is None or stat.born != identity["born"] or time.monotonic() >= deadline:
            return
        time.sleep(POLL_SECONDS)


def _pid_file(home: Home, name: str) -> Path:
    return home.run / f"{name}.pid"


def _identity(home: Home, name: str) -> dict[str, Any] | None:
    try:
        return dict(json.loads(_pid_file(home, name).read_text()))
    except (FileNotFoundError, ValueError):
        return None
