"""A random sequence of publications to the real CKAN; `make model-ckan` searches on."""

from __future__ import annotations

import pytest

from dev.ckan.running_portal import RunningPortal
from tests.portal.ckan.machine import search

pytestmark = pytest.mark.portal


def test_the_portal_is_what_the_releases_are(ckan: RunningPortal) -> None:
    search(ckan, 3, 9, seed=11)  # the first is always the shortest there is
