"""The real CKAN that the tests of this folder talk to."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver

import warehouse.store.data_dir
from dev.ckan.bring_up import status
from dev.ckan.portal_dir import PortalDir, default_folder
from dev.ckan.running_portal import RunningPortal, load_portal
from tests.fixtures.browser import chromium
from tests.portal.ckan_fixtures import CkanEnvironment

PROJECT = Path(__file__).resolve().parents[2]


PortalCommand = Callable[[str, PortalDir], subprocess.CompletedProcess[str]]


def _portal_command(command: str, portal_dir: PortalDir) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev.ckan", command, "--folder", str(portal_dir.root)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def portal_command() -> PortalCommand:
    """Return a function that runs `python -m dev.ckan COMMAND` as a developer would."""
    return _portal_command


@pytest.fixture(scope="session")
def portal_home() -> PortalDir:
    """Return the folder of the portal, the one that `make portal` uses.

    PostgreSQL runs as a user of its own, who must be able to enter the folder: where a checkout
    lies in somebody's private folder, the portal lies in the one for temporary files.
    """
    folder = (PROJECT / default_folder()).resolve()
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents if parent.exists()):
        return PortalDir(folder)
    return PortalDir(Path(tempfile.gettempdir()) / "openindicators-portal")


@pytest.fixture(scope="session")
def ckan(portal_home: PortalDir, portal_command: PortalCommand) -> Iterator[RunningPortal]:
    """Bring the portal up; afterwards end it again if it was down before.

    Where it cannot be brought up the tests are skipped with the reason, in CI they fail.
    """
    was_up = all(status(portal_home).values())
    done = portal_command("up", portal_home)
    if done.returncode != 0:
        reason = f"no CKAN can be brought up here: {done.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield load_portal(portal_home)
    if not was_up:
        portal_command("down", portal_home)


@pytest.fixture
def env(ckan: RunningPortal, tmp_path: Path) -> Iterator[CkanEnvironment]:
    """Make a data folder with one dataset, and remove afterwards what it left on the portal."""
    home = warehouse.store.data_dir.DataDir(tmp_path / "data")
    home.prepare()
    found = CkanEnvironment(ckan, home)
    yield found
    found.remove()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start a browser for the tests of a file."""
    driver = chromium(tmp_path_factory.mktemp("browser"))
    try:
        yield driver
    finally:
        driver.quit()
