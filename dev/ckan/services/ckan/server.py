"""CKAN's two running programs: the web server and the background worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dev.ckan.machine.probes import get
from dev.ckan.machine.processes import Service
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services.ckan import configuration, environment

WEB_WORKERS = 2
# The upload of the largest file, or a large DataStore write, occupies its worker all the while.
REQUEST_SECONDS = 600

WSGI = '''"""Written by dev.ckan: what gunicorn serves."""

import os

from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

application = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
'''


def web(portal_dir: PortalDir, ports: Mapping[str, int]) -> Service:
    """Return the web server: gunicorn running CKAN."""
    (portal_dir.ckan / "portal_wsgi.py").write_text(WSGI)
    status = f"{configuration.site_url(ports)}/api/3/action/status_show"
    return Service(
        name="ckan",
        command=[
            *(environment.program(portal_dir, "gunicorn"), "--workers", str(WEB_WORKERS)),
            *("--bind", f"127.0.0.1:{ports['ckan']}", "--timeout", str(REQUEST_SECONDS)),
            *("--chdir", str(portal_dir.ckan), "portal_wsgi:application"),
        ],
        ready=lambda: '"success": true' in (get(status) or ""),
        env={"CKAN_INI": str(portal_dir.ini)},
        files=_files(portal_dir),
        start_seconds=120,
    )


def worker(portal_dir: PortalDir) -> Service:
    """Return the background worker, to which DataStore writes leave the counting of records."""
    ckan = environment.program(portal_dir, "ckan")
    return Service(
        name="ckan-worker",
        command=[ckan, "-c", str(portal_dir.ini), "jobs", "worker"],
        ready=lambda: True,
        files=_files(portal_dir),
    )


def _files(portal_dir: PortalDir) -> tuple[Path, ...]:
    built = portal_dir.venv / "built"
    return (portal_dir.ini, built, environment.extension_stamp(portal_dir))
