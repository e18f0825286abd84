"""The order of the steps: install, start the databases, prepare CKAN, start it; and `down`."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from dev.ckan.machine import pid_files, processes, system_packages, termination
from dev.ckan.machine.processes import Service
from dev.ckan.passwords import load_passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.ports import FIRST, choose_ports
from dev.ckan.running_portal import RunningPortal, load_portal, write_description
from dev.ckan.services import postgres, redis, solr
from dev.ckan.services.ckan import configuration, environment, preparation, server
from model.errors import BusyError

# In the order of starting; they are stopped in the reverse one.
SERVICES = ("postgres", "redis", "solr", "ckan", "ckan-worker")

T = TypeVar("T")
Report = Callable[[str], None]


def up(
    portal_dir: PortalDir, requested_ports: Mapping[str, int], report: Report
) -> RunningPortal:
    """Bring the portal up; what is installed and what runs stays as it is.

    Args:
        portal_dir: the portal's folder.
        requested_ports: ports by service, for those that the caller wants to choose.
        report: receives the progress, one short line at a time.

    Raises:
        PortalError: a step failed; what it started keeps running for inspection, `down` stops it.
        BusyError: another `up` or `down` is running on this folder.
    """
    portal_dir.make_folders()
    with _exclusive(portal_dir):
        _step(report, "system packages", lambda: system_packages.ensure(portal_dir))
        passwords = load_passwords(portal_dir)
        if _step(
            report, "PostgreSQL set up", lambda: postgres.ensure_cluster(portal_dir, passwords)
        ):
            portal_dir.token.unlink(missing_ok=True)  # it belonged to the database that is gone
        _install_programs(portal_dir, report)
        _clear_crashed(portal_dir)
        ports = choose_ports(portal_dir, requested_ports, _running_services(portal_dir))
        configuration.write(portal_dir, ports, passwords)
        solr_version = solr.ensure_core(portal_dir)
        stores = [
            postgres.service(portal_dir, ports["postgres"]),
            redis.service(portal_dir, ports["redis"], passwords),
            solr.service(portal_dir, ports["solr"]),
        ]
        _step(report, "PostgreSQL, Redis, Solr started", lambda: _start(portal_dir, stores))
        postgres.ensure_databases(portal_dir, ports["postgres"], passwords)
        _step(
            report,
            "CKAN's database prepared",
            lambda: preparation.prepare(portal_dir, ports, passwords, solr_version),
        )
        servers = [server.web(portal_dir, ports), server.worker(portal_dir)]
        _step(report, "CKAN started", lambda: _start(portal_dir, servers))
        write_description(portal_dir, ports, passwords)
    return load_portal(portal_dir)


def down(portal_dir: PortalDir, report: Report) -> None:
    """Stop every running service of the portal; its data stay.

    Raises:
        PortalError: a service could not be stopped.
        BusyError: another `up` or `down` is running on this folder.
    """
    if not portal_dir.run.is_dir():
        return
    with _exclusive(portal_dir):
        for name in reversed(SERVICES):
            _step(report, f"{name} stopped", partial(termination.stop, portal_dir, name))


def status(portal_dir: PortalDir) -> dict[str, int | None]:
    """Return the process id of each service, None for one that does not run."""
    return {name: pid_files.running(portal_dir, name) for name in SERVICES}


def _install_programs(portal_dir: PortalDir, report: Report) -> None:
    """Install CKAN and Solr side by side: one waits for PyPI, the other for Maven's repository."""
    with ThreadPoolExecutor() as pool:
        builds = [
            pool.submit(_step, report, "CKAN installed", lambda: environment.ensure(portal_dir)),
            pool.submit(_step, report, "Solr installed", lambda: solr.ensure_programs(portal_dir)),
        ]
        for build in builds:
            build.result()


def _start(portal_dir: PortalDir, services: list[Service]) -> bool:
    started = [processes.start(portal_dir, service) for service in services]
    for service in services:
        processes.wait_until_ready(portal_dir, service)
    return any(started)


def _clear_crashed(portal_dir: PortalDir) -> None:
    """Stop what crashed services left behind: their children would still hold the ports."""
    for name in SERVICES:
        if pid_files.running(portal_dir, name) is None:
            termination.stop(portal_dir, name)


def _running_services(portal_dir: PortalDir) -> list[str]:
    return [name for name in FIRST if pid_files.running(portal_dir, name) is not None]


def _step(report: Report, name: str, action: Callable[[], T]) -> T:
    """Run one step, and report it with its duration if there was anything to do."""
    started = time.monotonic()
    done = action()
    if done:
        report(f"{name} ({time.monotonic() - started:.1f} s)")
    return done


@contextlib.contextmanager
def _exclusive(portal_dir: PortalDir) -> Iterator[None]:
    with (portal_dir.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                "another `up` or `down` is running on this portal",
                where=str(portal_dir.root),
                todo="wait until it has finished",
            ) from error
        yield
