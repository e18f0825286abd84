"""CKAN in a virtual environment of its own, from pinned requirements, with our extension.

Never in the pipeline's environment: CKAN's pins conflict with it, and with CKAN importable
`ckanapi` raises CKAN's exceptions in place of its own.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from dev.ckan.machine import commands
from dev.ckan.machine.files import fingerprint, is_stamped
from dev.ckan.portal_dir import PortalDir

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
EXTENSION = Path(__file__).resolve().parents[4] / "ckanext-openindicators"


def ensure(portal_dir: PortalDir) -> bool:
    """Build the environment unless it is there; return whether anything was installed.

    Raises:
        PortalError: it could not be built.
    """
    built = _ensure_ckan(portal_dir)
    return _ensure_extension(portal_dir) or built


def run_ckan(portal_dir: PortalDir, *arguments: str, ini: Path | None = None) -> str:
    """Run a command of CKAN's command line and return what it printed.

    Args:
        portal_dir: the portal's folder.
        arguments: the command, as after `ckan -c ckan.ini`.
        ini: another configuration than the portal's.

    Raises:
        PortalError: it failed.
    """
    return commands.run(
        [program(portal_dir, "ckan"), "-c", ini or portal_dir.ini, *arguments],
        log=portal_dir.log("ckan-prepare"),
        what=f"`ckan {' '.join(arguments[:3])}` failed",
        todo="fix what the log names, then run `up` again; if nothing on this portal is worth "
        f"keeping, `down` and `rm -r {portal_dir.root}` start afresh",
    )


def install(portal_dir: PortalDir, *arguments: str, what: str) -> None:
    """Run `pip install` in the environment.

    Args:
        portal_dir: the portal's folder.
        arguments: what pip is given after `install`.
        what: the error message if it fails, without a full stop.

    Raises:
        PortalError: it failed.
    """
    pip = [program(portal_dir, "pip"), "install", "--quiet", "--disable-pip-version-check"]
    commands.run(
        [*pip, *arguments],
        log=portal_dir.log("ckan-install"),
        what=what,
        todo="check that PyPI can be reached and the disk has 1 GB, then run `up` again",
    )


def version() -> str:
    """Return what the environment depends on: its requirements and Python."""
    return fingerprint(REQUIREMENTS, sys.version)


def extension_stamp(portal_dir: PortalDir) -> Path:
    """Return the file that changes with the installed version of our extension."""
    return portal_dir.venv / "extension-built"


def program(portal_dir: PortalDir, name: str) -> str:
    """Return the path of a program of the environment."""
    return str(portal_dir.venv / "bin" / name)


def package_folder(portal_dir: PortalDir) -> Path:
    """Return the folder of the package `ckan`."""
    return next(portal_dir.venv.glob("lib/python3.*/site-packages/ckan"))


def _ensure_ckan(portal_dir: PortalDir) -> bool:
    stamp = portal_dir.venv / "built"
    if is_stamped(stamp, version()):
        return False
    shutil.rmtree(portal_dir.venv, ignore_errors=True)
    log = portal_dir.log("ckan-install")
    log.unlink(missing_ok=True)
    commands.run(
        [sys.executable, "-m", "venv", portal_dir.venv],
        log=log,
        what="CKAN's virtual environment could not be created",
        todo="check that the disk has 1 GB, then run `up` again",
    )
    install(
        portal_dir, "--requirement", str(REQUIREMENTS), what="CKAN could not be installed"
    )
    stamp.write_text(version())
    return True


def _ensure_extension(portal_dir: PortalDir) -> bool:
    sources = [EXTENSION / "pyproject.toml", *_package_files(EXTENSION / "ckanext")]
    names = (str(path.relative_to(EXTENSION)) for path in sources)
    stamp, sources_version = extension_stamp(portal_dir), fingerprint(*names, *sources)
    if is_stamped(stamp, sources_version):
        return False
    # pip builds inside the folder that it is given: a copy keeps our source tree clean.
    copy = portal_dir.root / "extension"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        EXTENSION, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    install(
        portal_dir,
        # Its requirements are pinned with CKAN's, and pip must not move them.
        *("--no-deps", "--force-reinstall", str(copy)),
        what="ckanext-openindicators could not be installed",
    )
    stamp.write_text(sources_version)
    return True


def _package_files(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
