"""The site of the embedded sample, as it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.mcp.tools import Tools
from portal.site_folder.published import PublishedSite
from tests.fixtures.sample import finished_sample


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, which no test may change."""
    return finished_sample(tmp_path_factory) / "site"


@pytest.fixture(scope="session")
def tools(folder: Path) -> Tools:
    return Tools(PublishedSite(str(folder)))
