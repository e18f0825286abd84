"""Starting services in the background: once, and again when what they read has changed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dev.ckan.machine import kernel, pid_files
from dev.ckan.machine.commands import as_user, environment, failure
from dev.ckan.machine.files import fingerprint
from dev.ckan.machine.termination import stop
from dev.ckan.portal_dir import PortalDir

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Service:
    """A program that runs until it is stopped.

    Args:
        name: names its log and pid file.
        command: the program and its arguments.
        ready: returns whether it answers; called again and again until it does.
        user: the user that it runs as, if not the current one.
        env: variables to add to its environment.
        files: what it reads at its start; a change restarts it.
        start_seconds: how long it may take until it answers.
        stop_signal: the signal for an orderly stop.
    """

    name: str
    command: list[str]
    ready: Callable[[], bool]
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    start_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM


def start(portal_dir: PortalDir, service: Service) -> bool:
    """Start a service unless it already runs in this version; return whether it was started."""
    version = fingerprint(*service.command, *service.env.values(), *service.files)
    identity = pid_files.read(portal_dir, service.name)
    is_running = pid_files.running(portal_dir, service.name) is not None
    if is_running and identity and identity["version"] == version:
        return False
    stop(portal_dir, service.name)
    log = portal_dir.log(service.name)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(service.env),
            cwd=portal_dir.root,
            start_new_session=True,
            **as_user(service.user),
        )
    stat = kernel.stat(process.pid)
    identity = {
        "pid": process.pid,
        "started_at": stat.started_at if stat else None,
        "version": version,
        "stop_signal": int(service.stop_signal),
    }
    pid_files.write(portal_dir, service.name, identity)
    return True


def wait_until_ready(portal_dir: PortalDir, service: Service) -> None:
    """Wait until a started service answers.

    Raises:
        PortalError: it exited, or did not answer in time.
    """
    deadline = time.monotonic() + service.start_seconds
    while not service.ready():
        if pid_files.running(portal_dir, service.name) is None:
            raise failure(
                f"{service.name} exited right after its start",
                portal_dir.log(service.name),
                "fix what the log names, then run `up` again",
            )
        if time.monotonic() > deadline:
            raise failure(
                f"{service.name} did not answer within {service.start_seconds:.0f} s",
                portal_dir.log(service.name),
                "run `down`, check that the machine has memory and processor time left, then run "
                "`up` again",
            )
        time.sleep(POLL_SECONDS)
