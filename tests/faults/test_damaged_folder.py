"""Damage anywhere in a data folder is found, stays with its dataset, and is restored if it can."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.faults.flips import cut, flip, sample
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.fixtures.commands import records
from tests.fixtures.listeners import webhook


@pytest.fixture(scope="module", name="template")
def _template(tmp_path_factory):
    """Two datasets; one has three releases, all of them with durations."""
    made = Bench(tmp_path_factory.mktemp("damaged"))
    made.make(ROOMS, BEDS)
    for value in (5, 6):
        made.table().write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        assert made.run("run").code == 0
    assert made.number() == 3
    return made


@pytest.fixture
def bench(tmp_path, template):
    shutil.copytree(template.project.parent, tmp_path, dirs_exist_ok=True)
    made = Bench(tmp_path)
    return made


def test_damage_anywhere_is_found(bench):
    done, missed = sample(bench.data_dir, 400, seed=15)
    assert done.total() == 400 and len(done) > 20
    assert missed == []


def damage(root: Path) -> list[Path]:
    """Flip a bit in a file of each kind, of those that can all be restored at once."""
    patterns = (
        f"ledger/{ROOMS}.jsonl", f"releases/{ROOMS}/1/quality.json",
        f"releases/{ROOMS}/2/release.json", f"releases/{ROOMS}/3/data.parquet",
        f"releases/{ROOMS}/3/changes.parquet", f"snapshots/{BEDS}/*/snapshot.json",
        f"validation_log/{BEDS}/log.jsonl", f"tables/{BEDS}/*/table.parquet", "data_dir.json",
        f"snapshots/{BEDS}/*/*.csv", f"site/datasets/{BEDS}/hospital_beds.csv",
        f"site/en/{BEDS}.html", "site/catalogue.json", "site/index.html", "site/quality/state.json",
        f"site/datasets/{ROOMS}/releases/1/hotel_rooms.xlsx",
    )
    found = [sorted(root.glob(pattern))[0] for pattern in patterns]
    for path in found:
        flip(path, 8 * 60 + 3)
    return found


def test_what_can_be_restored_is_restored_to_the_byte(bench):
    before = records(bench.data_dir)
    damaged = damage(bench.data_dir)
    assert bench.run("doctor").code == 1
    said = bench.run("doctor", "--restore", "--json")
    named = " ".join(row["detail"] for row in said.json)
    assert said.code == 0 and not [path for path in damaged if str(path.parent) not in named], named
    assert bench.run("run").code == 0 and bench.run("doctor").code == 0
    after = records(bench.data_dir)
    differ = {name for name in before if before[name][1] != after.get(name, (0, b""))[1]}
    # The working table is made anew, with durations of its own; pages say when they were made.
    assert {name.split("/")[0] for name in differ} <= {"tables", "warehouse.duckdb"}


@pytest.mark.parametrize("lost", [(3,), (1,), (1, 2, 3)])
def test_a_number_is_never_used_for_other_content(bench, lost):
    before = records(bench.data_dir)
    for number in lost:
        shutil.rmtree(bench.data_dir / "releases" / ROOMS / str(number))
    bench.table().write_text("area,year,value\n48,2023,5\n48,2024,9\n")
    bench.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    said = bench.run("run")
    assert said.code == 6 and "is missing" in said.err and "Traceback" not in said.out + said.err
    assert bench.number(BEDS) == 2  # the other one goes on
    for name in (f"site/datasets/{ROOMS}/hotel_rooms.csv", f"site/en/{ROOMS}.html"):
        assert records(bench.data_dir)[name][1] == before[name][1]
    said = bench.run("doctor")
    assert said.code == 1 and f"release {lost[0]}" in said.out and "--give-up" in said.out

    said = bench.run("doctor", "--restore")
    assert said.code == 0 and "with the same bytes" in said.out, said.out + said.err
    after = records(bench.data_dir)
    again = [name for name in before if name.startswith("releases/")]
    assert [name for name in again if before[name][1] != after[name][1]] == []
    assert bench.run("run").code == 0 and bench.number() == 4


def test_a_release_that_cannot_be_made_again_is_given_up_by_a_person(bench):
    for folder in ("releases", "snapshots"):
        shutil.rmtree(bench.data_dir / folder / ROOMS)
    said = bench.run("doctor", "--restore")
    assert said.code == 1 and "restore it from a backup" in said.out
    assert bench.run("run", ROOMS).code == 6
    assert bench.run("doctor", "--give-up", BEDS).code != 0  # none of its releases is lost
    bench.run("doctor", "--give-up", ROOMS)
    assert bench.run("run").code == 0 and bench.run("doctor").code == 0
    assert [path.name for path in (bench.data_dir / "releases" / ROOMS).iterdir()] == ["4"]


def test_a_site_remembers_what_releases_and_ledger_have_lost(bench):
    shutil.rmtree(bench.data_dir / "releases" / ROOMS / "3")
    (bench.data_dir / "ledger" / f"{ROOMS}.jsonl").unlink()
    said = bench.run("doctor")
    assert said.code == 1 and "the site shows release 3" in said.out


def lose_record(bench: Bench) -> Path:
    log = bench.data_dir / "validation_log" / ROOMS / "log.jsonl"
    last = json.loads(log.read_text().splitlines()[-1])
    (log.parent / f"{last['record_sha256']}.json").unlink()
    return log.parent / f"{last['record_sha256']}.json"


def test_the_newest_record_of_a_validation_is_written_again(bench):
    path = lose_record(bench)
    said = bench.run("run")
    assert said.code == 0, said.out + said.err
    assert bench.run("doctor").code == 1 or path.is_file()
    assert bench.run("doctor", "--restore").code == 0 and path.is_file()


def test_damage_ends_no_other_run_and_people_are_told(bench):
    log = bench.data_dir / "validation_log" / ROOMS / "log.jsonl"
    for at in (80, 8 * 90, 8 * 200):
        flip(log, at)
    bench.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    with webhook() as (address, received):
        said = bench.run("run", OPENINDICATORS_WEBHOOK=address)
        assert said.code == 6 and "validation log" in said.err, said.out + said.err
        assert "Traceback" not in said.out + said.err
        assert bench.number(BEDS) == 2
        assert [message["datasets"] for message in received] == [[ROOMS]]
        assert bench.run("doctor", "--restore").code == 0
        said = bench.run("run", OPENINDICATORS_WEBHOOK=address)
        assert said.code == 0 and received[-1]["kind"] == "recovered", said.out + said.err
    assert log.with_name("log.jsonl.torn").is_file()


KINDS = (
    f"releases/{ROOMS}/3/data.parquet", f"releases/{ROOMS}/3/release.json",
    f"releases/{ROOMS}/1/release.json", f"ledger/{ROOMS}.jsonl", f"snapshots/{ROOMS}/current",
    f"tables/{ROOMS}/*/*/quarantine.parquet", f"tables/{ROOMS}/*/*/quality.json",
    f"site/datasets/{ROOMS}/dataset.json", f"site/datasets/{ROOMS}/hotel_rooms.csv",
    "dagster/history/runs.db", "dagster/history/runs/index.db", "warehouse.duckdb",
)


@pytest.mark.parametrize("pattern", KINDS)
def test_no_damage_reaches_another_dataset_or_the_public(bench, pattern):
    """A flip at the front, where formats have their magic numbers, and a cut."""
    public = {name: data for name, (_, data) in records(bench.data_dir).items()
              if name.startswith(f"site/datasets/{ROOMS}/") and name.endswith((".csv", ".xlsx"))}
    path = sorted(bench.data_dir.glob(pattern))[-1]
    flip(path, 8 * 2 + 1)
    flip(path, 8 * (path.stat().st_size // 2))
    cut(path)
    bench.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    said = bench.run("run")
    assert said.code in (0, 6) and "Traceback" not in said.out + said.err, said.out + said.err
    assert said.code == 0 or ROOMS in said.err
    assert bench.number(BEDS) == 2
    now = {name: data for name, (_, data) in records(bench.data_dir).items() if name in public}
    assert now == public or (said.code == 6 and path.name in pattern)
