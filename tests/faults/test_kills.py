"""What is killed anywhere, and done again, ends with the bytes of what was not killed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.kills import Case, case_of, kill_once, points
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.pipelines.submissions.test_submit import Department, fill_in
from tests.pipelines.test_computed_run import COMPUTED, DECLARATION

KILLS = {"run": 3, "submit": 2}
BLOCKED = 5  # the exit code of a submission that is not released


def computed_run(folder: Path) -> Case:
    """Return a run with news of two datasets, and of one that is computed from them."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    bench.declaration(COMPUTED).write_text(DECLARATION, encoding="utf-8")
    for dataset, value in ((ROOMS, 5), (BEDS, 77)):
        bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
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


CASES = {"run": computed_run, "submit": submissions}


@pytest.mark.parametrize("name", CASES)
def test_killed_anywhere_it_ends_with_the_same_bytes(tmp_path: Path, name: str) -> None:
    case = CASES[name](tmp_path)
    deaths = 0
    for at in points(case.changes, KILLS[name], seed=26):
        died, names = kill_once(case, at)
        deaths += died
        assert names == [], f"killed at change {at} of {case.changes}"
    assert deaths > KILLS[name] // 2
