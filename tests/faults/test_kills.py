"""What is killed anywhere, and done again, ends with the bytes of what was not killed."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from pipelines.catalogue import load_catalogue
from pipelines.connections import open_transport
from pipelines.settings import Settings
from pipelines.steps.clean import make_table
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.release import make_release
from pipelines.steps.validate import validate_table
from tests.faults.kills import Case, case_of, kill_once, points, run
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.pipelines.submissions.test_submit import Department, fill_in
from tests.pipelines.test_computed_run import COMPUTED, DECLARATION
from warehouse.store import packs
from warehouse.store.data_dir import DataDir

KILLS = {"run": 3, "packs": 1, "submit": 2}
BLOCKED = 5  # the exit code of a submission that is not released


def computed_run(folder: Path) -> Case:
    """Return a run with news of two datasets, and of one that is computed from them."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    bench.declaration(COMPUTED).write_text(DECLARATION, encoding="utf-8")
    for dataset, value in ((ROOMS, 5), (BEDS, 77)):
        bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
    return case_of(folder, bench.project, bench.data_dir, "run")


def packed_run(folder: Path) -> Case:
    """Return such a run that packs a release more, and removes what was packed an hour ago."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    bench.declaration(COMPUTED).write_text(DECLARATION, encoding="utf-8")
    for value in range(5, 9):
        for dataset in (ROOMS, BEDS):
            bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        if value < 8:
            epoch = str(1780000000 + 3600 * value)
            assert run(bench.project, bench.data_dir, ("run",), SOURCE_DATE_EPOCH=epoch) == 0
    for path in (bench.data_dir / "packs").rglob("*"):
        os.utime(path, (time.time() - 2 * packs.SECONDS,) * 2)
    return case_of(folder, bench.project, bench.data_dir, "run")


def submissions(folder: Path) -> Case:
    """Return what a department dropped in: a workbook that becomes a release, and a blocked one."""
    folder.mkdir(exist_ok=True)
    department = Department(folder)
    shares = department.project / "assets/tourism/shares.yaml"
    shares.write_text(shares.read_text("utf-8").replace("tolerance: 1", "tolerance: 0"), "utf-8")
    dropped = department.data / "inbox" / "submissions"
    dropped.mkdir(parents=True)
    right = fill_in(department.template("right.xlsx"), [("2024-02-28", 1.5), ("2024-02-29", 12)])
    wrong = fill_in(department.template("wrong.xlsx", "shares"), [("U", "2024-Q1", "seven")],
                    "Tỷ trọng")
    for path in (right, wrong):
        shutil.copy(path, dropped)
    command = ("submit", "--as", "Nguyễn Văn A/Sở")
    return case_of(folder, department.project, department.data, *command, code=BLOCKED)


CASES = {"run": computed_run, "packs": packed_run, "submit": submissions}


@pytest.mark.parametrize("name", CASES)
def test_killed_anywhere_it_ends_with_the_same_bytes(tmp_path: Path, name: str) -> None:
    case = CASES[name](tmp_path)
    deaths = 0
    for at in points(case.changes, KILLS[name], seed=26):
        died, names = kill_once(case, at)
        deaths += died
        assert names == [], f"killed at change {at} of {case.changes}"
    assert deaths > KILLS[name] // 2


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
