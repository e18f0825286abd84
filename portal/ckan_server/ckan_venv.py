"""CKAN in a virtual environment of its own, from pinned requirements.

Never in the pipeline's: CKAN's pins clash with it, and beside CKAN `ckanapi` raises CKAN's own
exceptions instead of its own.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from portal.ckan_server import commands
from portal.ckan_server.home import HERE, Home, fingerprint, is_stamped

REQUIREMENTS = HERE / "requirements.txt"
EXTENSION = HERE / "extension"  # our DCAT profile, and checksums of files


def ensure(home: Home) -> bool:
    """Build the environment unless it is there; tell whether it was built or amended.

    Raises:
        PortalError: it could not be built.
    """
    built = _ensure_ckan(home)
    return _ensure_extension(home) or built


def _ensure_extension(home: Home) -> bool:
    stamp = home.venv / "extension-built"
    wanted = fingerprint(*sorted(EXTENSION.glob("*.*")))
    if is_stamped(stamp, wanted):
        return False
    # pip builds inside the folder that it is given: not in our source tree.
    copy = home.root / "extension"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(EXTENSION, copy, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [program(home, "pip"), "install", "--quiet", "--disable-pip-version-check"]
    commands.run(
        [*pip, "--no-deps", "--force-reinstall", str(copy)],
        log=home.log("ckan-install"),
        what="our own extension could not be installed",
        todo="see whether PyPI can be reached, then run `up` again",
    )
    stamp.write_text(wanted)
    return True


def _ensure_ckan(home: Home) -> bool:
    stamp = home.venv / "built"
    if is_stamped(stamp, version()):
        return False
    shutil.rmtree(home.venv, ignore_errors=True)
    log = home.log("ckan-install")
    log.unlink(missing_ok=True)
    todo = "see whether PyPI can be reached and the disk has 1 GB, then run `up` again"
    commands.run(
        [sys.executable, "-m", "venv", home.venv],
        log=log,
        what="CKAN's virtual environment could not be made",
        todo=todo,
    )
    pip = [program(home, "pip"), "install", "--quiet", "--disable-pip-version-check"]
    commands.run(
        [*pip, "--requirement", str(REQUIREMENTS)],
        log=log,
        what="CKAN could not be installed",
        todo=todo,
    )
    stamp.write_text(version())
    return True


def version() -> str:
    """Return what the environment depends on: its requirements and Python."""
    return fingerprint(REQUIREMENTS, sys.version)


def program(home: Home, name: str) -> str:
    """Return the path of a program of the environment."""
    return str(home.venv / "bin" / name)


def package_folder(home: Home) -> Path:
    """Return the folder of the package `ckan`."""
    return next(home.venv.glob("lib/python3.*/site-packages/ckan"))
