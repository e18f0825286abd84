"""Redis: CKAN's job queue."""

from __future__ import annotations

import socket

from dev.ckan.machine.files import write_private
from dev.ckan.machine.processes import Service
from dev.ckan.passwords import Passwords
from dev.ckan.portal_dir import PortalDir


def service(portal_dir: PortalDir, port: int, passwords: Passwords) -> Service:
    """Write the configuration, which holds the password, and return the server."""
    configuration = portal_dir.redis / "redis.conf"
    write_private(
        configuration,
        f"bind 127.0.0.1\nport {port}\ndir {portal_dir.redis}\nrequirepass {passwords.redis}\n",
    )
    return Service(
        name="redis",
        command=["redis-server", str(configuration)],
        files=(configuration,),
        ready=lambda: _answers(port, passwords.redis),
    )


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            responses = connection.makefile("rb")
            return [responses.readline(), responses.readline()][1].startswith(b"+PONG")
    except OSError:
        return False
