"""The ports of the services: free ones on 127.0.0.1, chosen once and recorded."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection, Mapping

from dev.ckan.portal_dir import PortalDir
from model.errors import PortalError

# Next to the usual ones, which the machine's own services may occupy.
FIRST = {"ckan": 5050, "postgres": 5460, "redis": 6460, "solr": 8990}
TRIES = 100


def choose_ports(
    portal_dir: PortalDir, requested: Mapping[str, int], running: Collection[str]
) -> dict[str, int]:
    """Return the port of each service and record them in `ports.json`.

    Args:
        portal_dir: the portal's folder.
        requested: ports that the caller chose, by service.
        running: services that are running; they keep their port.

    Raises:
        PortalError: a requested port is taken, or none is free.
    """
    recorded = _recorded(portal_dir)
    ports: dict[str, int] = {}
    for service, first in FIRST.items():
        if service in running and requested.get(service, recorded[service]) != recorded[service]:
            raise PortalError(
                f"{service} already runs on port {recorded[service]}",
                todo="run `down` first, then `up` with the other port",
            )
        if service in running:
            ports[service] = recorded[service]
        elif service in requested:
            ports[service] = _require_free(service, requested[service], ports.values())
        else:
            ports[service] = _first_free(service, recorded.get(service, first), ports.values())
    (portal_dir.root / "ports.json").write_text(json.dumps(ports))
    return ports


def is_free(port: int) -> bool:
    """Return whether a service could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # Connections that our own server left in TIME_WAIT must not make its port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _require_free(service: str, port: int, assigned: Collection[int]) -> int:
    if port in assigned or not is_free(port):
        raise PortalError(
            f"port {port}, requested for {service}, is taken",
            todo=f"choose another with --port {service}=NUMBER, or let `up` choose",
        )
    return port


def _first_free(service: str, start: int, assigned: Collection[int]) -> int:
    for port in range(start, start + TRIES):
        if port not in assigned and is_free(port):
            return port
    raise PortalError(
        f"no port from {start} to {start + TRIES - 1} is free for {service}",
        todo=f"choose a free one with --port {service}=NUMBER",
    )


def _recorded(portal_dir: PortalDir) -> dict[str, int]:
    try:
        return dict(json.loads((portal_dir.root / "ports.json").read_text()))
    except FileNotFoundError:
        return {}
