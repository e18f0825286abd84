"""Dagster's daemon polls services of every protocol by its schedule, and does all the rest."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sources.connectors.registry import PROTOCOLS as CONNECTORS
from tests.faults.daemon_days import City, polls
from tests.faults.services import PROTOCOLS


@pytest.fixture
def city(tmp_path: Path) -> City:
    if shutil.which("cc") is None:
        reason = "no C compiler, for the clock: apt-get install gcc libc6-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return City(tmp_path, ("files", "gho"), computed=False, in_daemon=True)


def test_the_long_form_has_every_protocol_that_asks_a_service() -> None:
    assert {*PROTOCOLS, "computed", "submission"} == set(CONNECTORS)


def test_releases_when_data_change_silence_when_not_recovery_after_an_outage(city: City) -> None:
    first, second = polls(2)
    with city.living(first):
        city.poll(first, set(), {"gho": "unavailable"})
        city.poll(second, {"files"}, {})
    assert city.releases == {"files": 2, "gho": 1}
