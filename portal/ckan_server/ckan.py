"""CKAN itself: its database prepared, its web server and its worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from portal.ckan_server import ckan_venv, commands, configuration, postgres
from portal.ckan_server.home import HERE, Home, fingerprint, is_stamped, write_private
from portal.ckan_server.passwords import Passwords
from portal.ckan_server.probes import get
from portal.ckan_server.processes import Service

SYSADMIN = "openindicators"
WEB_WORKERS = 2
# An upload of the largest file, or a large DataStore write, holds its worker all the while.
REQUEST_SECONDS = 600

WSGI = '''"""Written by portal.ckan_server: what gunicorn serves."""

import os

from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

application = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
'''


def prepare(home: Home, ports: Mapping[str, int], passwords: Passwords, solr_version: str) -> bool:
    """Bring database, permissions, sysadmin, token and index up to date; tell whether it was done.

    Every step can be repeated, so that one that was cut short is simply done again.

    Raises:
        PortalError: a step failed.
    """
    stamp = home.ckan / "prepared"
    version = fingerprint(ckan_venv.version(), solr_version, configuration.PLUGINS)
    if is_stamped(stamp, version) and home.token.exists():
        return False
    ckan(home, "db", "init")
    permissions = ckan(home, "datastore", "set-permissions")
    postgres.execute(home, ports["postgres"], passwords, permissions)
    account = ["email=openindicators@localhost", f"password={passwords.sysadmin}"]
    ckan(home, "sysadmin", "add", SYSADMIN, "--create", *account)
    if not home.token.exists():
        token = ckan(home, "user", "token", "add", SYSADMIN, "openindicators", "-q")
        write_private(home.token, token.strip().splitlines()[-1].strip() + "\n")
    ckan(home, "search-index", "rebuild")
    stamp.write_text(version)
    return True


def ckan(home: Home, *arguments: str) -> str:
    """Run a command of CKAN and return what it printed.

    Raises:
        PortalError: it failed.
    """
    return commands.run(
        [ckan_venv.program(home, "ckan"), "-c", home.ini, *arguments],
        log=home.log("ckan-prepare"),
        what=f"`ckan {' '.join(arguments[:3])}` failed",
        todo="mend what the log names, then run `up` again; a portal without anything worth "
        f"keeping is made anew after `down` and `rm -r {home.root}`",
    )


def web(home: Home, ports: Mapping[str, int]) -> Service:
    """Return the web server: gunicorn with CKAN in it."""
    (home.ckan / "portal_wsgi.py").write_text(WSGI)
    status = f"{configuration.site_url(ports)}/api/3/action/status_show"
    return Service(
        name="ckan",
        command=[
            *(ckan_venv.program(home, "gunicorn"), "--workers", str(WEB_WORKERS)),
            *("--bind", f"127.0.0.1:{ports['ckan']}", "--timeout", str(REQUEST_SECONDS)),
            *("--chdir", str(home.ckan), "portal_wsgi:application"),
        ],
        ready=lambda: '"success": true' in (get(status) or ""),
        env={"CKAN_INI": str(home.ini)},
        files=_files(home),
        start_seconds=120,
    )


def worker(home: Home) -> Service:
    """Return the background worker; DataStore writes leave it the counting of records."""
    return Service(
        name="ckan-worker",
        command=[ckan_venv.program(home, "ckan"), "-c", str(home.ini), "jobs", "worker"],
        ready=lambda: True,
        files=_files(home),
    )


def _files(home: Home) -> tuple[Path, ...]:
    schemas = sorted((HERE / "schemas").iterdir())
    return (home.ini, home.venv / "built", home.venv / "extension-built", *schemas)
