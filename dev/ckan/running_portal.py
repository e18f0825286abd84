"""How to reach the portal that `up` brought up: address, token, DataStore, Solr, uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from dev.ckan.machine.files import write_private
from dev.ckan.passwords import Passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services import solr
from dev.ckan.services.ckan import configuration
from model.errors import PortalError


@dataclass(frozen=True)
class RunningPortal:
    """What a client needs to know about a portal that is up."""

    url: str
    token: str
    datastore_write_url: str
    solr_url: str
    storage_path: str


def write_description(
    portal_dir: PortalDir, ports: Mapping[str, int], passwords: Passwords
) -> None:
    """Write `portal.json`, which clients read to reach the portal."""
    facts = {
        "url": configuration.site_url(ports),
        "token_file": str(portal_dir.token),
        "datastore_write_url": configuration.datastore_write_url(ports, passwords),
        "solr_url": solr.url(ports["solr"]),
        "storage_path": str(portal_dir.storage),
    }
    write_private(portal_dir.description, json.dumps(facts, indent=2) + "\n")


def load_portal(portal_dir: PortalDir) -> RunningPortal:
    """Return how to reach the portal of this folder, as `up` last wrote it.

    Raises:
        PortalError: `up` has not been run.
    """
    if not portal_dir.description.exists():
        raise PortalError(
            "no portal was brought up here", where=str(portal_dir.description),
            todo="bring one up: make portal",
        )
    facts = json.loads(portal_dir.description.read_text())
    del facts["token_file"]
    return RunningPortal(token=portal_dir.token.read_text().strip(), **facts)
