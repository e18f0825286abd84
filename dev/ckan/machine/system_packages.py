"""The system packages that the portal needs; installed where this is Debian and we are root."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import sysconfig
from pathlib import Path

from dev.ckan.machine import commands
from dev.ckan.portal_dir import PortalDir
from model.errors import PortalError

COMPOSE_FILE = Path(__file__).resolve().parents[1] / "compose.yaml"
# Debian's package for each program that must be found.
PROGRAMS = {
    "redis-server": "redis-server",
    "gcc": "gcc",
    "java": "default-jre-headless",
    "javac": "default-jdk-headless",
    "mvn": "maven",
}
LIBPQ_HEADERS = ("/usr/include/postgresql", "/usr/include")


def ensure(portal_dir: PortalDir) -> bool:
    """Install what is missing; return whether anything was.

    Raises:
        PortalError: something is missing and cannot be installed here, or apt failed.
    """
    missing = missing_packages()
    if not missing:
        return False
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise PortalError(
            f"this machine lacks {', '.join(missing)} (Debian's names); they are installed "
            "automatically only on Debian as root",
            todo="install them and run `up` again; or, where Docker runs: "
            f"docker compose -f {COMPOSE_FILE} up",
        )
    _apt(portal_dir, missing)
    still_missing = missing_packages()
    if still_missing:
        raise PortalError(
            f"apt installed {', '.join(missing)}, yet {', '.join(still_missing)} cannot be found",
            where=str(portal_dir.log("apt")),
            todo="check that this Debian is 12 or newer and PATH includes /usr/bin",
        )
    return True


def missing_packages() -> list[str]:
    """Return the Debian packages whose programs or libraries cannot be found."""
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if postgres_programs() is None:
        missing.add("postgresql")
    # Not by pg_config: postgresql brings one that works without libpq's headers.
    if not any(Path(folder, "libpq-fe.h").exists() for folder in LIBPQ_HEADERS):
        missing.add("libpq-dev")
    if ctypes.util.find_library("magic") is None:
        missing.add("libmagic1")
    if not Path("/usr/include/stdlib.h").exists():
        missing.add("libc6-dev")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.add("python3-dev")
    if importlib.util.find_spec("ensurepip") is None:
        missing.add("python3-venv")
    return sorted(missing)


def postgres_programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


def _apt(portal_dir: PortalDir, packages: list[str]) -> None:
    log = portal_dir.log("apt")
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
        commands.run(
            ["apt-get", *options, *arguments],
            log=log,
            what=f"apt-get {arguments[0]} failed",
            todo=f"fix apt, or install {' '.join(packages)} yourself, then run `up` again",
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )
