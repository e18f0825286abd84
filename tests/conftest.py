"""Fixtures of all tests, and how tests are shared out in parallel (`make test`, pytest-xdist)."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.fixtures.ckan_portal"]
CKAN_FIXTURES = {"ckan", "portal_home", "portal_command"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file on one worker, and all tests of the one CKAN on another.

    Module fixtures (a run of the sample, a browser) are then made once, and nobody else changes
    the portal in the middle of a test.
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        on_ckan = CKAN_FIXTURES & set(getattr(item, "fixturenames", ()))
        group = "ckan" if on_ckan else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
