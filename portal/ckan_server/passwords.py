"""The passwords of the services: made once, kept in a file that only its owner may read."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from portal.ckan_server.home import Home, write_private


@dataclass(frozen=True)
class Passwords:
    """One for each door. Even on 127.0.0.1 every user of the machine can knock."""

    postgres: str
    ckan_default: str
    datastore_default: str
    redis: str
    sysadmin: str


def load_passwords(home: Home) -> Passwords:
    """Return the portal's passwords; they are made at the first call."""
    path = home.root / "passwords.json"
    if not path.exists():
        made = Passwords(*(secrets.token_hex(16) for _ in Passwords.__dataclass_fields__))
        write_private(path, json.dumps(asdict(made)))
    return Passwords(**json.loads(path.read_text()))
