"""The services' passwords: generated once, kept in a file that only its owner may read."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from dev.ckan.machine.files import write_private
from dev.ckan.portal_dir import PortalDir


@dataclass(frozen=True)
class Passwords:
    """One for each account: even on 127.0.0.1, every user of the machine can connect."""

    postgres: str
    ckan_default: str
    datastore_default: str
    redis: str
    sysadmin: str


def load_passwords(portal_dir: PortalDir) -> Passwords:
    """Return the portal's passwords, generated at the first call."""
    path = portal_dir.root / "passwords.json"
    if not path.exists():
        generated = Passwords(*(secrets.token_hex(16) for _ in Passwords.__dataclass_fields__))
        write_private(path, json.dumps(asdict(generated)))
    return Passwords(**json.loads(path.read_text()))
