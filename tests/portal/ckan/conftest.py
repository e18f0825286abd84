"""Fixtures of the tests against the real CKAN (`tests.fixtures.ckan_portal` starts it)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.ckan.running_portal import RunningPortal
from tests.portal.ckan.environment import CkanEnvironment
from warehouse.store.data_dir import DataDir


@pytest.fixture
def env(ckan: RunningPortal, tmp_path: Path) -> Iterator[CkanEnvironment]:
    """Make a data folder with one dataset, and remove afterwards what it left on the portal."""
    home = DataDir(tmp_path / "data")
    home.prepare()
    found = CkanEnvironment(ckan, home)
    yield found
    found.remove()
