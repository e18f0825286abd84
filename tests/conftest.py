"""Fixtures of all tests, and how tests are shared out in parallel (`make test`, pytest-xdist)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from absl import logging as absl_logging

from model.reference.city import city, has_targets, use_project

# Dagster configures logging for a run in this process, which closes each handler's stream unless it
# is the process's own. Absl's (of mlcroissant and OR-Tools) would take pytest's output with it.
absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__
PROJECT = Path(__file__).resolve().parents[1]
CITY = use_project(PROJECT)
pytest_plugins = ["tests.fixtures.ckan_portal"]
WAITS = "tests/faults/test_daemon_days.py"
ON_CKAN = ("tests/portal/ckan/", "tests/dev/", "tests/deploy/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file on one worker, and all tests of the one CKAN on one.

    Module fixtures (a run of the sample, a browser) are then made once, and nobody else changes
    the portal in the middle of a test. A scheduler of our own, because xdist 3.8 puts groups into
    `Item._nodeid`, which pytest 9.2 no longer reads.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "ckan" if file.startswith(ON_CKAN) else file

    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest and mostly waits, so that the others go on beside it."""
    items.sort(key=lambda item: not item.nodeid.startswith((*ON_CKAN, WAITS)))


@pytest.fixture(autouse=True)
def city_of_the_project() -> Iterator[None]:
    """Work for the city of this project again after a test that worked for another."""
    yield
    if city() != CITY or not has_targets():
        use_project(PROJECT)
