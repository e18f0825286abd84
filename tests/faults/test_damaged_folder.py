"""Damage anywhere in a data folder is found, stays with its dataset, and is restored if it can."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

from model.errors import StoreError
from model.records.incident import Failure
from pipelines.integrity import inspect
from pipelines.restoring import restore
from tests.faults.flips import cut, flip, found_in, is_named, sample
from tests.faults.kills import COUNT, KILL_AT, WORTH
from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.fixtures.commands import records
from tests.fixtures.listeners import webhook
from warehouse.store import packs
from warehouse.store.atomic import append_log
from warehouse.store.data_dir import DataDir
from warehouse.store.working_tables import CHECKSUMS

NURSES, INTACT = "health/nurses", "tourism/museums"
ALL = (ROOMS, BEDS, NURSES, INTACT)


@pytest.fixture(scope="module", name="template")
def _template(tmp_path_factory):
    """Four datasets with three releases each, which have durations."""
    made = Bench(tmp_path_factory.mktemp("damaged"))
    made.make(*ALL)
    for value in (5, 6):
        for dataset in ALL:
            made.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
        assert made.run("run").code == 0
    assert {made.number(dataset) for dataset in ALL} == {3}
    return made


@pytest.fixture
def bench(tmp_path, template):
    """A copy of its own, in which one dataset has news: it must always come through."""
    shutil.copytree(template.project.parent, tmp_path, dirs_exist_ok=True)
    made = Bench(tmp_path)
    made.table(INTACT).write_text("area,year,value\n48,2023,5\n48,2024,77\n")
    return made


def contents(bench: Bench) -> dict[str, bytes]:
    return {name: data for name, (_, data) in records(bench.data_dir).items()}


def test_damage_anywhere_is_found(bench):
    done, missed = sample(bench.data_dir, 300, seed=15)
    assert done.total() == 300 and len(done) > 20
    assert missed == []


def test_one_damaged_record_is_named_and_the_others_are_listed_and_compared(bench):
    record = bench.data_dir / "releases" / ROOMS / "3" / "release.json"
    record.write_bytes(record.read_bytes()[:-9])
    listed = bench.run("list", "--json")
    assert listed.code == 6 and str(record) in listed.err
    found = {row["dataset"]: (row["release"], row["damaged"]) for row in listed.json}
    assert found == {ROOMS: (None, True), **{name: (3, False) for name in ALL if name != ROOMS}}
    assert "damaged" in bench.run("list").out

    genuine = bench.data_dir / "releases" / BEDS / "2" / "data.parquet"
    compared = bench.run("verify", str(genuine))
    assert compared.code == 0 and str(record) in compared.err and BEDS in compared.out
    unknown = bench.run("verify", str(record))
    assert unknown.code == 6 and str(record) in unknown.err


def test_a_restored_pack_is_removed_at_once(bench):
    """What a kill left of it had no record, and no pack of its name could be made again."""
    assert bench.run("run", **{WORTH: "1"}).code == 0
    (pack,) = (bench.data_dir / "packs" / ROOMS).iterdir()
    data = bytearray((pack / packs.ROWS).read_bytes())
    data[100:102] = bytes(each ^ 1 for each in data[100:102])  # no single bit can be flipped back
    (pack / packs.ROWS).write_bytes(data)
    damaged, counter = bench.data_dir.with_name("damaged"), bench.data_dir.with_name("changes")
    shutil.copytree(bench.data_dir, damaged)
    said = bench.run("doctor", "--restore", **{COUNT: str(counter)})
    assert said.code == 0 and "stand in full again" in said.out and not pack.exists()

    for back in range(1, 4):  # the last change removes the empty folder
        shutil.rmtree(bench.data_dir)
        shutil.copytree(damaged, bench.data_dir)
        at = int(counter.read_text()) - back
        assert bench.run("doctor", "--restore", **{KILL_AT: str(at)}).code == -signal.SIGKILL
        assert not pack.exists() or (pack / packs.RECORD).exists(), back


def test_a_bit_of_a_name_or_of_a_checksums_name_is_found(bench):
    """Both were found by `make flips`: the first ended doctor, the second was not seen."""
    journal = bench.data_dir / "journal/ckan/health/hospital_beds.jsonl"
    append_log(journal, [Failure(
        dataset=BEDS, stage="table", kind="", cause="", what="", where="", todo=""
    )])
    tables = next((bench.data_dir / "tables" / BEDS).glob(f"*/{CHECKSUMS}"))
    for file, old, new in (
        (tables, b'"source_schema.json"', b'"s/urce_schema.json"'),
        (journal, b'"checksum"', b'"chmcksum"'),
        (bench.data_dir / "transparency_log/heads.jsonl", b'"checksum"', b'"chacksum"'),
    ):
        data = file.read_bytes()
        assert old in data and file not in found_in(bench.data_dir)
        file.write_bytes(data.replace(old, new, 1))
        assert is_named(file, found_in(bench.data_dir))
        file.write_bytes(data)


def test_what_can_be_restored_is_restored_to_the_byte(bench):
    assert bench.run("run").code == 0  # without news from now on
    before = contents(bench)
    patterns = (
        f"ledger/{ROOMS}.jsonl", f"releases/{ROOMS}/1/quality.json",
        f"releases/{BEDS}/2/release.json", f"releases/{ROOMS}/3/data.parquet",
        f"releases/{ROOMS}/3/changes.parquet", f"snapshots/{BEDS}/*/snapshot.json",
        f"validation_log/{BEDS}/log.jsonl", f"tables/{BEDS}/*/table.parquet", "data_dir.json",
        f"snapshots/{BEDS}/*/*.csv", f"site/datasets/{BEDS}/hospital_beds.csv",
        f"site/en/{BEDS}.html", "site/catalogue.json", "site/index.html", "site/quality/state.json",
        f"site/datasets/{ROOMS}/releases/1/hotel_rooms.xlsx", f"site/datasets/{INTACT}/sha256.json",
    )
    damaged = [sorted(bench.data_dir.glob(pattern))[0] for pattern in patterns]
    for path in damaged:
        flip(path, 8 * 60 + 3)
    assert bench.run("doctor").code == 1
    said = bench.run("doctor", "--restore", "--json")
    named = " ".join(row["detail"] for row in said.json)
    assert said.code == 0, said.out
    assert [path for path in damaged if str(path.parent) not in named] == []
    assert bench.run("run").code == 0 and not found_in(bench.data_dir)
    after = contents(bench)
    differ = {name for name in before if before[name] != after.get(name)}
    # A working table that is made anew has durations of its own.
    assert {name.split("/")[0] for name in differ} <= {"tables", "warehouse.duckdb"}


def test_what_a_release_is_made_from_is_restored_before_it(bench):
    """Ledger and snapshot are damaged with the releases that are made again from them."""
    before = contents(bench)
    for pattern in (f"ledger/{ROOMS}.jsonl", f"snapshots/{ROOMS}/*/snapshot.json"):
        for path in bench.data_dir.glob(pattern):
            flip(path, 8 * 60 + 3)
    shutil.rmtree(bench.data_dir / "releases" / ROOMS / "3")
    (bench.data_dir / "releases" / ROOMS / "2" / "changes.parquet").unlink()
    said = bench.run("doctor", "--restore")
    assert said.code == 0, said.out + said.err
    after = contents(bench)
    assert [name for name in before if before[name] != after.get(name)] == []


def test_a_snapshot_that_is_lost_keeps_no_release_of_another_one_from_being_made_again(bench):
    release = bench.data_dir / "releases" / ROOMS / "3"
    own = json.loads((release / "release.json").read_bytes())["snapshot_sha256"]
    records_of_others = {
        path for path in bench.data_dir.glob(f"snapshots/{ROOMS}/*/snapshot.json")
        if path.parent.name != own
    }
    assert len(records_of_others) == 2
    for path in records_of_others:
        flip(path, 8 * 60 + 3)
        flip(path, 8 * 61 + 3)
    shutil.rmtree(release)
    said = bench.run("doctor", "--restore")
    assert said.code == 1 and found_in(bench.data_dir) == records_of_others, said.out + said.err


def test_a_line_of_the_ledger_is_lost_with_a_release(bench):
    ledger = bench.data_dir / "ledger" / f"{ROOMS}.jsonl"
    for at in (8 * 60 + 3, 8 * 61 + 3):  # in the line of the first release: no single bit does it
        flip(ledger, at)
    shutil.rmtree(bench.data_dir / "releases" / ROOMS / "3")
    said = bench.run("doctor", "--restore")
    assert said.code == 0 and "entered again" in said.out, said.out + said.err
    assert bench.run("run").code == 0 and not found_in(bench.data_dir)
    assert sorted(json.loads(line)["number"] for line in ledger.open()) == [1, 2, 3]


def test_a_release_without_its_record_is_found_and_gets_it_back(bench):
    before = contents(bench)
    releases = bench.data_dir / "releases"
    lost = {releases / ROOMS / "3" / "release.json", releases / BEDS / "1" / "release.json"}
    for path in lost:
        path.unlink()
    assert found_in(bench.data_dir) == lost
    said = bench.run("doctor", "--restore")
    assert said.code == 0, said.out + said.err
    assert [name for name in before if before[name] != contents(bench).get(name)] == []


def test_a_release_is_made_again_whole_or_not_at_all(bench):
    """What ends the copy of its files leaves no half of it, which a run would take for damaged."""
    lost = bench.data_dir / "releases" / ROOMS / "3"
    made = bench.data_dir.with_name("made")
    shutil.move(lost, made)
    (made / "unreadable").symlink_to("nowhere")
    data_dir = DataDir(bench.data_dir)
    with pytest.raises((StoreError, OSError)):
        list(restore(data_dir, inspect(data_dir), lambda *_: nullcontext(made)))
    assert [path.name for path in sorted(lost.parent.iterdir())] == ["1", "2"]


def test_what_a_kill_left_of_a_file_of_the_project_is_neither_published_nor_damage(bench):
    left = bench.data_dir / "buildinfo/files/.0ea4e9e2.397eb0d8.staging"
    left.write_bytes(b"half")
    assert found_in(bench.data_dir) == set()
    assert bench.run("run").code == 0 and left.exists()
    assert list((bench.data_dir / "site/buildinfo/files").glob(".*")) == []
    os.utime(left, (0, 0))
    assert bench.run("run").code == 0 and not left.exists()


def test_a_number_is_never_used_for_other_content(bench):
    before = contents(bench)
    for dataset, numbers in ((ROOMS, (3,)), (BEDS, (1,)), (NURSES, (1, 2, 3))):
        bench.table(dataset).write_text("area,year,value\n48,2023,5\n48,2024,9\n")
        for number in numbers:
            shutil.rmtree(bench.data_dir / "releases" / dataset / str(number))
    said = bench.run("run")
    assert said.code == 6 and said.err.count("is missing") == 3, said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert bench.number(INTACT) == 4
    public = [
        name for name in before if name.startswith("site/datasets") and INTACT not in name
    ]
    after = contents(bench)
    assert [name for name in public if before[name] != after[name]] == []

    said = bench.run("doctor", "--restore")
    assert said.code == 0 and said.out.count("with the same bytes") == 5, said.out + said.err
    after = contents(bench)
    again = [name for name in before if name.startswith("releases/")]
    assert [name for name in again if before[name] != after[name]] == []
    assert bench.run("run").code == 0
    assert {bench.number(dataset) for dataset in ALL} == {4}


def test_a_release_that_cannot_be_made_again_is_given_up_by_a_person(bench):
    for folder in ("releases", "snapshots"):
        shutil.rmtree(bench.data_dir / folder / ROOMS)
    said = bench.run("doctor", "--restore")
    assert said.code == 1 and "restore it from a backup" in said.out
    bench.run("doctor", "--give-up", ROOMS)
    assert bench.run("run").code == 0 and not found_in(bench.data_dir)
    assert [path.name for path in (bench.data_dir / "releases" / ROOMS).iterdir()] == ["4"]


def test_the_site_remembers_what_releases_and_ledger_have_lost(bench):
    lost = bench.data_dir / "releases" / ROOMS / "3"
    shutil.rmtree(lost)
    (bench.data_dir / "ledger" / f"{ROOMS}.jsonl").unlink()
    assert found_in(bench.data_dir) == {lost}


def record_of_last_validation(bench: Bench, dataset: str) -> Path:
    log = bench.data_dir / "validation_log" / dataset / "log.jsonl"
    return log.parent / f"{json.loads(log.read_text().splitlines()[-1])['record_sha256']}.json"


def test_damage_ends_no_other_run_and_people_are_told(bench):
    record_of_last_validation(bench, BEDS).unlink()  # a new run writes one of its own
    log = bench.data_dir / "validation_log" / ROOMS / "log.jsonl"
    for at in (80, 8 * 90, 8 * 200):
        flip(log, at)
    with webhook() as (address, received):
        said = bench.run("run", OPENINDICATORS_WEBHOOK=address)
        assert said.code == 6 and "validation log" in said.err, said.out + said.err
        assert "Traceback" not in said.out + said.err
        assert bench.number(INTACT) == 4 and record_of_last_validation(bench, BEDS).is_file()
        assert [message["datasets"] for message in received] == [[ROOMS]]
        assert bench.run("doctor", "--restore").code == 0
        said = bench.run("run", OPENINDICATORS_WEBHOOK=address)
        assert said.code == 0 and received[-1]["kind"] == "recovered", said.out + said.err
    assert log.with_name("log.jsonl.torn").is_file() and not found_in(bench.data_dir)


@pytest.mark.parametrize("patterns", [
    (f"releases/{ROOMS}/3/data.parquet", f"releases/{BEDS}/1/release.json",
     f"snapshots/{NURSES}/current", "dagster/history/runs/index.db", "warehouse.duckdb"),
    (f"tables/{ROOMS}/*/*/quarantine.parquet", f"site/datasets/{BEDS}/dataset.json",
     f"tables/{NURSES}/*/*/quality.json", f"site/datasets/{NURSES}/nurses.csv",
     "dagster/history/runs.db"),
])  # fmt: skip
def test_no_damage_reaches_another_dataset_or_the_public(bench, patterns):
    """A flip at the front, where formats have their magic numbers, one in the middle, and a cut."""
    public = {
        name: data for name, data in contents(bench).items()
        if name.startswith("site/datasets/") and name.endswith((".csv", ".xlsx", ".parquet"))
        and INTACT not in name
    }
    for pattern in patterns:
        path = sorted(bench.data_dir.glob(pattern))[-1]
        flip(path, 8 * 2 + 1)
        flip(path, 8 * (path.stat().st_size // 2))
        cut(path)
    said = bench.run("run")
    assert said.code in (0, 6) and "Traceback" not in said.out + said.err, said.out + said.err
    assert bench.number(INTACT) == 4
    now = contents(bench)
    assert [name for name in public if now[name] != public[name]] == []
    if said.code == 6:
        assert ROOMS in said.err and BEDS in said.err and f"✗ {NURSES}" not in said.err
