"""A run that is killed anywhere, and run again, ends with the bytes of one that was not killed."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.faults.kills import COUNT, contents, kill_once, points, run
from tests.faults.test_bad_input import BEDS, ROOMS, Bench

KILLS = 3


def two_datasets(folder: Path) -> tuple[Path, Path, dict[str, bytes], int]:
    """Return a project, a data folder with news to come, its end, and the number of changes."""
    bench = Bench(folder)
    bench.make(ROOMS, BEDS, SOURCE_DATE_EPOCH="1780000000")
    for dataset, value in ((ROOMS, 5), (BEDS, 77)):
        bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
    undisturbed, counter = folder / "undisturbed", folder / "changes"
    shutil.copytree(bench.data_dir, undisturbed)
    assert run(bench.project, undisturbed, **{COUNT: str(counter)}) == 0
    return bench.project, bench.data_dir, contents(undisturbed), int(counter.read_text())


def test_killed_anywhere_a_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    project, template, expected, most = two_datasets(tmp_path)
    deaths = 0
    for at in points(most, KILLS, seed=26):
        died, names = kill_once(project, template, at, expected)
        deaths += died
        assert names == [], f"killed at change {at} of {most}"
    assert deaths > KILLS // 2
