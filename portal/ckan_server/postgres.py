"""PostgreSQL: a cluster of its own with CKAN's two databases and roles."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile

from model.errors import PortalError
from portal.ckan_server import commands
from portal.ckan_server.home import Home
from portal.ckan_server.passwords import Passwords
from portal.ckan_server.processes import Service
from portal.ckan_server.system_packages import postgres_programs

SUPERUSER = "postgres"

# CREATE DATABASE and CREATE ROLE know no IF NOT EXISTS: \\gexec runs what the query returns.
DATABASES = """
SELECT format('CREATE ROLE %I LOGIN', name) FROM (VALUES ('ckan_default'), ('datastore_default'))
  AS wanted(name) WHERE name NOT IN (SELECT rolname FROM pg_roles) \\gexec
ALTER ROLE ckan_default PASSWORD '{ckan_default}';
ALTER ROLE datastore_default PASSWORD '{datastore_default}';
SELECT format('CREATE DATABASE %I OWNER ckan_default', name)
  FROM (VALUES ('ckan_default'), ('datastore_default'))
  AS wanted(name) WHERE name NOT IN (SELECT datname FROM pg_database) \\gexec
"""


def ensure_cluster(home: Home, passwords: Passwords) -> bool:
    """Make the cluster unless it is there; tell whether it was made.

    Raises:
        PortalError: it could not be made.
    """
    if home.postgres.exists():
        return False
    user = _user()
    aside = home.postgres.with_name("postgres.new")  # renamed when it is whole
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", prefix="openindicators-") as password_file:
        password_file.write(passwords.postgres)
        password_file.flush()
        if user:
            owner = pwd.getpwnam(user)
            for path in (aside, password_file.name):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        commands.run(
            [
                *(_program("initdb"), "-D", aside, "-U", SUPERUSER),
                *("-E", "UTF8", "--locale=C.UTF-8"),
                *("-A", "scram-sha-256", f"--pwfile={password_file.name}"),
            ],
            log=home.log("initdb"),
            what="PostgreSQL's data folder could not be made",
            todo=f"see that the user {user or 'who runs this'} may enter every folder above "
            f"{home.postgres}, or choose another folder with --home",
            user=user,
        )
    aside.rename(home.postgres)
    return True


def service(home: Home, port: int) -> Service:
    """Return the server: TCP on 127.0.0.1 alone, no socket file."""
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Service(
        name="postgres",
        command=[_program("postgres"), "-D", str(home.postgres), *options],
        ready=lambda: _answers(home, port),
        user=_user(),
        stop_signal=signal.SIGINT,  # "fast": clients are cut off, data are safe
    )


def ensure_databases(home: Home, port: int, passwords: Passwords) -> None:
    """Make CKAN's roles and databases, and set the roles' passwords.

    Raises:
        PortalError: PostgreSQL refused.
    """
    statements = DATABASES.format(
        ckan_default=passwords.ckan_default, datastore_default=passwords.datastore_default
    )
    execute(home, port, passwords, statements)


def execute(home: Home, port: int, passwords: Passwords, statements: str) -> None:
    """Run psql statements as the superuser.

    Raises:
        PortalError: PostgreSQL refused one of them.
    """
    commands.run(
        [
            *(_program("psql"), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"),
            *("-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER, "-d", "postgres"),
        ],
        log=home.log("psql"),
        what="PostgreSQL refused a statement",
        todo="mend what the log names, then run `up` again",
        env={"PGPASSWORD": passwords.postgres},
        text=statements,
    )


def _answers(home: Home, port: int) -> bool:
    try:
        commands.run(
            [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)],
            log=home.log("psql"),
            what="not ready",
            todo="",
        )
    except PortalError:
        return False
    return True


def _program(name: str) -> str:
    folder = postgres_programs()
    if folder is None:
        raise PortalError("PostgreSQL's programs are gone", todo="install postgresql again")
    return str(folder / name)


def _user() -> str | None:
    # PostgreSQL refuses to run as root; Debian's package brings the user.
    return SUPERUSER if os.geteuid() == 0 else None
