"""The tests of ckanext-openindicators, run inside the portal's CKAN.

They empty the database, the index and the queues that they are given, so they get their own: two
databases in the portal's PostgreSQL, a second site in its Solr core (CKAN separates sites by
`ckan.site_id`) and another database number in its Redis. What is on the portal stays.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev.ckan.machine import commands
from dev.ckan.machine.files import fingerprint, is_stamped, write_private
from dev.ckan.passwords import load_passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.running_portal import RunningPortal
from dev.ckan.services import postgres
from dev.ckan.services.ckan import configuration, environment

TOOLS = Path(environment.__file__).with_name("requirements-test.txt")
REDIS_DATABASE = 1  # the portal's own is 0

DATABASES = """
SELECT format('CREATE DATABASE %I OWNER ckan_default', name)
  FROM (VALUES ('ckan_test'), ('datastore_test'))
  AS needed(name) WHERE name NOT IN (SELECT datname FROM pg_database) \\gexec
"""


def run(portal_dir: PortalDir, portal: RunningPortal, arguments: Sequence[str]) -> int:
    """Run the tests against a portal that is up; return pytest's exit code.

    Args:
        portal_dir: the portal's folder.
        portal: the portal that is up.
        arguments: what pytest is given; nothing means all tests.

    Raises:
        PortalError: the test tools or the databases could not be prepared.
    """
    _ensure_tools(portal_dir)
    ini = _prepare(portal_dir, portal)
    pytest = [environment.program(portal_dir, "python"), "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest, f"--ckan-ini={ini}", *arguments],
        cwd=environment.EXTENSION,
        # The tests are of the installed package: bytecode has no place in the source tree.
        env=commands.environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        check=False,
    )
    return done.returncode


def _ensure_tools(portal_dir: PortalDir) -> None:
    stamp, version = portal_dir.venv / "test-tools-built", fingerprint(TOOLS)
    if not is_stamped(stamp, version):
        environment.install(
            portal_dir, "--requirement", str(TOOLS), what="the test tools could not be installed"
        )
        stamp.write_text(version)


def _prepare(portal_dir: PortalDir, portal: RunningPortal) -> Path:
    """Create the tests' databases and configuration unless they are there."""
    ports = json.loads((portal_dir.root / "ports.json").read_text())
    passwords = load_passwords(portal_dir)
    postgres.execute(portal_dir, ports["postgres"], passwords, DATABASES)
    server = f"127.0.0.1:{ports['postgres']}"
    ini = portal_dir.ckan / "test.ini"
    owner = f"postgresql://ckan_default:{passwords.ckan_default}@{server}"
    reader = f"postgresql://datastore_default:{passwords.datastore_default}@{server}"
    settings = {
        "sqlalchemy.url": f"{owner}/ckan_test",
        "ckan.datastore.write_url": f"{owner}/datastore_test",
        "ckan.datastore.read_url": f"{reader}/datastore_test",
        "ckan.redis.url": f"redis://:{passwords.redis}@127.0.0.1:{ports['redis']}/{REDIS_DATABASE}",
        "solr_url": portal.solr_url,
        "ckan.site_url": "http://test.ckan.net",
        "ckan.site_id": "test.ckan.net",
        "ckan.storage_path": str(portal_dir.ckan / "test-storage"),
        "ckan.locales_offered": "en vi",
        "testing": "true",
        "WTF_CSRF_ENABLED": "false",
    }
    write_private(ini, configuration.ini_text("defaults.ini", settings))
    environment.run_ckan(portal_dir, "db", "init", ini=ini)
    return ini
