"""What CKAN needs in its databases before it is started: tables, permissions, a sysadmin."""

from __future__ import annotations

from collections.abc import Mapping

from dev.ckan.machine.files import fingerprint, is_stamped, write_private
from dev.ckan.passwords import Passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services import postgres
from dev.ckan.services.ckan import configuration, environment
from dev.ckan.services.ckan.environment import run_ckan

SYSADMIN = "openindicators"


def prepare(
    portal_dir: PortalDir, ports: Mapping[str, int], passwords: Passwords, solr_version: str
) -> bool:
    """Bring database, permissions, sysadmin, token and index up to date; return whether it ran.

    Every step can be repeated, so that one that was interrupted is simply run again.

    Raises:
        PortalError: a step failed.
    """
    stamp = portal_dir.ckan / "prepared"
    version = fingerprint(environment.version(), solr_version, configuration.PLUGINS)
    if is_stamped(stamp, version) and portal_dir.token.exists():
        return False
    run_ckan(portal_dir, "db", "init")
    permissions = run_ckan(portal_dir, "datastore", "set-permissions")
    postgres.execute(portal_dir, ports["postgres"], passwords, permissions)
    account = ["email=openindicators@localhost", f"password={passwords.sysadmin}"]
    run_ckan(portal_dir, "sysadmin", "add", SYSADMIN, "--create", *account)
    if not portal_dir.token.exists():
        token = run_ckan(portal_dir, "user", "token", "add", SYSADMIN, "openindicators", "-q")
        write_private(portal_dir.token, token.strip().splitlines()[-1].strip() + "\n")
    run_ckan(portal_dir, "search-index", "rebuild")
    stamp.write_text(version)
    return True
