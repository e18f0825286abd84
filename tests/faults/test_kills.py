"""What is killed anywhere, and done again, ends with the bytes of what was not killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.catalogue import load_catalogue
from pipelines.connections import open_transport
from pipelines.settings import Settings
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.release import make_release
from pipelines.steps.validate import validate_table
from tests.faults.kill_cases import CASES, SHORT
from tests.faults.kills import kill_once, points
from tests.faults.test_bad_input import ROOMS, Bench
from warehouse.store.data_dir import DataDir


@pytest.mark.parametrize("name", SHORT)
def test_killed_anywhere_it_ends_with_the_same_bytes(tmp_path: Path, name: str) -> None:
    case = CASES[name](tmp_path)
    (at,) = points(case.changes, 1, seed=26)
    deaths, wrong = kill_once(case, at)
    assert wrong == [], f"killed at {at} of {case.changes}"
    assert deaths > len(case.commands) // 2


def test_what_was_committed_is_published_though_the_source_fails_since(tmp_path: Path) -> None:
    """A run is killed when it has made a release; the source has been damaged before the next."""
    bench = Bench(tmp_path)
    bench.make(ROOMS)
    bench.table().write_text("area,year,value\n48,2023,5\n48,2024,9\n")
    settings = Settings(data_dir=DataDir(bench.data_dir), project=bench.project)
    bound = load_catalogue(settings).bound_datasets(settings.profile)[ROOMS]
    transport = open_transport(settings.profile, settings.data_dir.inbox)
    take_snapshot(bound, settings.data_dir, transport, settings.now)
    make_table(bound, settings.data_dir)
    validate_table(bound, settings.data_dir)
    make_release(bound, settings.data_dir, settings.now)
    site = bench.data_dir / "site/datasets" / ROOMS / "hotel_rooms.csv"
    assert bench.number() == 2 and "9" not in site.read_text("utf-8").split()[-1]

    bench.table().write_text("<!DOCTYPE html><title>Login</title>")
    said = bench.run("run")
    assert said.code == 4 and bench.number() == 2, said.out + said.err
    assert ",9," in site.read_text("utf-8")
    assert bench.run("doctor").code == 0
