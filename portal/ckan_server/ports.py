"""The ports of the services: free ones on 127.0.0.1, chosen once and recorded."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection, Mapping

from model.errors import PortalError
from portal.ckan_server.home import Home

# Beside the usual ones, which a machine's own services hold.
FIRST = {"ckan": 5050, "postgres": 5460, "redis": 6460, "solr": 8990}
TRIES = 100


def choose_ports(home: Home, wanted: Mapping[str, int], running: Collection[str]) -> dict[str, int]:
    """Return the port of each service and record them in `ports.json`.

    Args:
        home: the portal's folder.
        wanted: ports that the person asked for, by service.
        running: services that run, which keep their port.

    Raises:
        PortalError: a port that was asked for is taken, or none is free.
    """
    recorded = _recorded(home)
    ports: dict[str, int] = {}
    for service, first in FIRST.items():
        if service in running and wanted.get(service, recorded[service]) != recorded[service]:
            raise PortalError(
                f"{service} already runs on port {recorded[service]}",
                todo="run `down` first, then `up` with the other port",
            )
        if service in running:
            ports[service] = recorded[service]
        elif service in wanted:
            ports[service] = _require_free(service, wanted[service], ports.values())
        else:
            ports[service] = _first_free(service, recorded.get(service, first), ports.values())
    (home.root / "ports.json").write_text(json.dumps(ports))
    return ports


def is_free(port: int) -> bool:
    """Tell whether a service could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # Connections that a server of ours left in TIME_WAIT do not make its port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _require_free(service: str, port: int, given: Collection[int]) -> int:
    if port in given or not is_free(port):
        raise PortalError(
            f"port {port}, asked for {service}, is taken",
            todo=f"choose another with --port {service}=NUMBER, or leave the choice to `up`",
        )
    return port


def _first_free(service: str, start: int, given: Collection[int]) -> int:
    for port in range(start, start + TRIES):
        if port not in given and is_free(port):
            return port
    raise PortalError(
        f"no port from {start} to {start + TRIES - 1} is free for {service}",
        todo=f"name a free one with --port {service}=NUMBER",
    )


def _recorded(home: Home) -> dict[str, int]:
    try:
        return dict(json.loads((home.root / "ports.json").read_text()))
    except FileNotFoundError:
        return {}
