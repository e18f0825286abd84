"""The record of each started service: which process it is, and with what it was started."""

from __future__ import annotations

import json
from typing import Any

from dev.ckan.machine import kernel
from dev.ckan.portal_dir import PortalDir


def write(portal_dir: PortalDir, name: str, identity: dict[str, Any]) -> None:
    """Record a service that was started."""
    (portal_dir.run / f"{name}.pid").write_text(json.dumps(identity))


def read(portal_dir: PortalDir, name: str) -> dict[str, Any] | None:
    """Return a service's record, None when there is none or it is damaged."""
    try:
        return dict(json.loads((portal_dir.run / f"{name}.pid").read_text()))
    except (FileNotFoundError, ValueError):
        return None


def remove(portal_dir: PortalDir, name: str) -> None:
    """Remove a service's record."""
    (portal_dir.run / f"{name}.pid").unlink(missing_ok=True)


def running(portal_dir: PortalDir, name: str) -> int | None:
    """Return the process id of one of our services, or None when it does not run.

    A pid file outlives its process (a crash, a restart of the machine), and the number may by then
    belong to somebody else's process: only one that started at the recorded moment is ours.
    """
    identity = read(portal_dir, name)
    if identity is None:
        return None
    stat = kernel.stat(identity["pid"])
    is_ours = stat is not None and stat.is_alive and stat.started_at == identity["started_at"]
    return identity["pid"] if is_ours else None
