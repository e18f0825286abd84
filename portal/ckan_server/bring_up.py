"""The order of things: install, start, prepare, start CKAN; and the way back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from model.errors import BusyError
from portal.ckan_server import (
    ckan,
    ckan_venv,
    configuration,
    postgres,
    processes,
    redis,
    solr,
    system_packages,
)
from portal.ckan_server.home import Home, write_private
from portal.ckan_server.passwords import Passwords, load_passwords
from portal.ckan_server.ports import FIRST, choose_ports
from portal.ckan_server.processes import Service

# In the order of starting; they are ended in the reverse one.
SERVICES = ("postgres", "redis", "solr", "ckan", "ckan-worker")

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class RunningPortal:
    """What a client needs to know of the portal that `up` brought up."""

    url: str
    token: str
    datastore_write_url: str
    solr_url: str
    storage_path: str


def load_portal(home: Home) -> RunningPortal:
    """Return how to reach the portal in this folder, as `up` wrote it down.

    Raises:
        FileNotFoundError: `up` has not been run.
    """
    facts = json.loads(home.description.read_text())
    del facts["token_file"]
    return RunningPortal(token=home.token.read_text().strip(), **facts)


def up(home: Home, wanted_ports: Mapping[str, int], say: Say) -> RunningPortal:
    """Bring the portal up; what is there and what runs stays as it is.

    Args:
        home: the portal's folder.
        wanted_ports: ports by service, where the person wants certain ones.
        say: takes the progress, one short line at a time.

    Raises:
        PortalError: a step failed; what it started stays for a look, `down` ends it.
        BusyError: another `up` or `down` is at work in this folder.
    """
    home.make_folders()
    with _alone(home):
        _step(say, "system packages", lambda: system_packages.ensure(home))
        passwords = load_passwords(home)
        if _step(say, "PostgreSQL set up", lambda: postgres.ensure_cluster(home, passwords)):
            home.token.unlink(missing_ok=True)  # it was a token of the database that is gone
        with ThreadPoolExecutor() as pool:
            builds = [
                pool.submit(_step, say, "CKAN installed", lambda: ckan_venv.ensure(home)),
                pool.submit(_step, say, "Solr installed", lambda: solr.ensure_programs(home)),
            ]
            for build in builds:
                build.result()
        _clear_crashed(home)
        ports = choose_ports(home, wanted_ports, _running_services(home))
        configuration.write(home, ports, passwords)
        solr_version = solr.ensure_core(home)
        stores = [
            postgres.service(home, ports["postgres"]),
            redis.service(home, ports["redis"], passwords),
            solr.service(home, ports["solr"]),
        ]
        _step(say, "PostgreSQL, Redis, Solr started", lambda: _start(home, stores))
        postgres.ensure_databases(home, ports["postgres"], passwords)
        _step(
            say,
            "CKAN's database prepared",
            lambda: ckan.prepare(home, ports, passwords, solr_version),
        )
        servers = [ckan.web(home, ports), ckan.worker(home)]
        _step(say, "CKAN started", lambda: _start(home, servers))
        _describe(home, ports, passwords)
    return load_portal(home)


def down(home: Home, say: Say) -> None:
    """End every service of the portal that runs; its data stay.

    Raises:
        PortalError: a service could not be ended.
        BusyError: another `up` or `down` is at work in this folder.
    """
    if not home.run.is_dir():
        return
    with _alone(home):
        for name in reversed(SERVICES):
            _step(say, f"{name} ended", partial(processes.stop, home, name))


def status(home: Home) -> dict[str, int | None]:
    """Return the process id of each service, None for one that does not run."""
    return {name: processes.running(home, name) for name in SERVICES}


def _start(home: Home, services: list[Service]) -> bool:
    started = [processes.start(home, service) for service in services]
    for service in services:
        processes.wait_until_ready(home, service)
    return any(started)


def _clear_crashed(home: Home) -> None:
    """End what a crashed service left: its children would still hold its port."""
    for name in SERVICES:
        if processes.running(home, name) is None:
            processes.stop(home, name)


def _running_services(home: Home) -> list[str]:
    return [name for name in FIRST if processes.running(home, name) is not None]


def _describe(home: Home, ports: Mapping[str, int], passwords: Passwords) -> None:
    facts = {
        "url": configuration.site_url(ports),
        "token_file": str(home.token),
        "datastore_write_url": configuration.datastore_write_url(ports, passwords),
        "solr_url": solr.url(ports["solr"]),
        "storage_path": str(home.storage),
    }
    write_private(home.description, json.dumps(facts, indent=2) + "\n")


def _step(say: Say, name: str, action: Callable[[], T]) -> T:
    """Do one step and say so, with its time, if there was anything to do."""
    begun = time.monotonic()
    done = action()
    if done:
        say(f"{name} ({time.monotonic() - begun:.1f} s)")
    return done


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    with (home.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                "another `up` or `down` is at work on this portal",
                where=str(home.root),
                todo="wait until it has ended",
            ) from error
        yield
