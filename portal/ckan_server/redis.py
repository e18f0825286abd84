"""Redis: CKAN's queue of jobs."""

from __future__ import annotations

import socket

from portal.ckan_server.home import Home, write_private
from portal.ckan_server.passwords import Passwords
from portal.ckan_server.processes import Service


def service(home: Home, port: int, passwords: Passwords) -> Service:
    """Return the server; its configuration is written, the password in it."""
    configuration = home.redis / "redis.conf"
    write_private(
        configuration,
        f"bind 127.0.0.1\nport {port}\ndir {home.redis}\nrequirepass {passwords.redis}\n",
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
            answers = connection.makefile("rb")
            return [answers.readline(), answers.readline()][1].startswith(b"+PONG")
    except OSError:
        return False
