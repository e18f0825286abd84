"""PostgreSQL: a cluster of its own with CKAN's two databases and roles."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile

from dev.ckan.machine import commands
from dev.ckan.machine.processes import Service
from dev.ckan.machine.system_packages import postgres_programs
from dev.ckan.passwords import Passwords
from dev.ckan.portal_dir import PortalDir
from model.errors import PortalError

SUPERUSER = "postgres"

# CREATE DATABASE and CREATE ROLE have no IF NOT EXISTS: \\gexec runs what the query returns.
DATABASES = """
SELECT format('CREATE ROLE %I LOGIN', name) FROM (VALUES ('ckan_default'), ('datastore_default'))
  AS needed(name) WHERE name NOT IN (SELECT rolname FROM pg_roles) \\gexec
ALTER ROLE ckan_default PASSWORD '{ckan_default}';
ALTER ROLE datastore_default PASSWORD '{datastore_default}';
SELECT format('CREATE DATABASE %I OWNER ckan_default', name)
  FROM (VALUES ('ckan_default'), ('datastore_default'))
  AS needed(name) WHERE name NOT IN (SELECT datname FROM pg_database) \\gexec
"""


def ensure_cluster(portal_dir: PortalDir, passwords: Passwords) -> bool:
    """Create the cluster unless it is there; return whether it was created.

    Raises:
        PortalError: it could not be created.
    """
    if portal_dir.postgres.exists():
        return False
    user = _user()
    staging = portal_dir.postgres.with_name("postgres.new")  # renamed when it is complete
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", prefix="openindicators-") as password_file:
        password_file.write(passwords.postgres)
        password_file.flush()
        if user:
            owner = pwd.getpwnam(user)
            for path in (staging, password_file.name):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        commands.run(
            [
                *(_program("initdb"), "-D", staging, "-U", SUPERUSER),
                *("-E", "UTF8", "--locale=C.UTF-8"),
                *("-A", "scram-sha-256", f"--pwfile={password_file.name}"),
            ],
            log=portal_dir.log("initdb"),
            what="PostgreSQL's data folder could not be created",
            todo=f"let the user {user or 'who runs this'} enter every folder above "
            f"{portal_dir.postgres}, or choose another folder with --folder",
            user=user,
        )
    staging.rename(portal_dir.postgres)
    return True


def service(portal_dir: PortalDir, port: int) -> Service:
    """Return the server: TCP on 127.0.0.1 only, no socket file."""
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Service(
        name="postgres",
        command=[_program("postgres"), "-D", str(portal_dir.postgres), *options],
        ready=lambda: _answers(portal_dir, port),
        user=_user(),
        stop_signal=signal.SIGINT,  # "fast" shutdown: clients are disconnected, data are safe
    )


def ensure_databases(portal_dir: PortalDir, port: int, passwords: Passwords) -> None:
    """Create CKAN's roles and databases, and set the roles' passwords.

    Raises:
        PortalError: PostgreSQL refused.
    """
    statements = DATABASES.format(
        ckan_default=passwords.ckan_default, datastore_default=passwords.datastore_default
    )
    execute(portal_dir, port, passwords, statements)


def execute(portal_dir: PortalDir, port: int, passwords: Passwords, statements: str) -> None:
    """Run psql statements as the superuser.

    Raises:
        PortalError: PostgreSQL refused one of them.
    """
    commands.run(
        [
            *(_program("psql"), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"),
            *("-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER, "-d", "postgres"),
        ],
        log=portal_dir.log("psql"),
        what="PostgreSQL refused a statement",
        todo="fix what the log names, then run `up` again",
        env={"PGPASSWORD": passwords.postgres},
        text=statements,
    )


def _answers(portal_dir: PortalDir, port: int) -> bool:
    try:
        commands.run(
            [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)],
            log=portal_dir.log("psql"),
            what="not ready",
            todo="",
        )
    except PortalError:
        return False
    return True


def _program(name: str) -> str:
    folder = postgres_programs()
    if folder is None:
        raise PortalError(
            "PostgreSQL's programs are no longer there", todo="install postgresql again"
        )
    return str(folder / name)


def _user() -> str | None:
    # PostgreSQL refuses to run as root; Debian's package brings the user.
    return SUPERUSER if os.geteuid() == 0 else None
