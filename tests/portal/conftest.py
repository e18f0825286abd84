"""Fixtures of the tests of portals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.fixtures.browser import chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start a browser for the tests of a file."""
    driver = chromium(tmp_path_factory.mktemp("browser"))
    try:
        yield driver
    finally:
        driver.quit()
