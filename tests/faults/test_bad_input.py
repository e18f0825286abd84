"""Whatever goes wrong: one clear message, the last good release stays, the others run."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.commands import PROJECT, openindicators

ROOMS, BEDS = "tourism/hotel_rooms", "health/hospital_beds"


class Bench:
    """A project of two datasets with a release each, and its data folder."""

    def __init__(self, folder: Path) -> None:
        self.project, self.home = folder / "project", folder / "home"

    def run(self, *arguments, **environment):
        return openindicators(
            self.home, *arguments, OPENINDICATORS_PROJECT=str(self.project), **environment
        )

    def declaration(self, dataset=ROOMS) -> Path:
        return self.project / "assets" / f"{dataset}.yaml"

    def suite(self, dataset=ROOMS) -> Path:
        return self.project / "expectations" / f"{dataset}.yaml"

    def table(self, dataset=ROOMS) -> Path:
        return self.home / "inbox" / f"{dataset.split('/')[1]}.csv"

    def change(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def releases(self) -> dict[str, int]:
        return {row["dataset"]: row["release"] for row in self.run("list", "--json").json}

    def number(self, dataset=ROOMS) -> int:
        folder = self.home / "releases" / dataset
        return max(int(path.name) for path in folder.iterdir() if path.name.isdigit())


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("template"))
    for dataset in (ROOMS, BEDS):
        assert made.run("new", dataset).code == 0
    first = made.run("run")
    assert first.code == 0, first.out + first.err
    return made


@pytest.fixture
def bench(tmp_path, template):
    shutil.copytree(template.project.parent, tmp_path, dirs_exist_ok=True)
    made = Bench(tmp_path)
    # The other dataset has news in every test: it must come through.
    made.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    return made


def check(bench: Bench, result, code: int, *words: str) -> None:
    """The message has the words, nobody sees a traceback, and only the bad dataset stood still."""
    said = result.out + result.err
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert result.code == code, said
    assert bench.number(ROOMS) == 1
    assert bench.number(BEDS) == 2, said


def csv(text: str | bytes):
    def spoil(bench: Bench) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        bench.table().write_bytes(data)

    return spoil


def edit(which: str, old: str, new: str):
    def spoil(bench: Bench) -> None:
        bench.change(getattr(bench, which)(), old, new)

    return spoil


def torn_zip(bench: Bench) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rooms.csv", "area,year,value\n" + "48,2024,1\n" * 500)
    path = bench.table().with_suffix(".zip")
    path.write_bytes(buffer.getvalue()[:-60])
    bench.change(bench.declaration(), "hotel_rooms.csv", "hotel_rooms.zip")


CASES = {
    "yaml": (edit("declaration", "frequency: A", "frequency: [A"), 3, ["hotel_rooms.yaml:"]),
    "protocol": (edit("declaration", "protocol: files", "protocol: flies"), 3,
                 ["hotel_rooms.yaml:", "flies", "did you mean 'files'"]),
    "option": (edit("declaration", "files: [hotel", "flies: [hotel"), 3, ["hotel_rooms.yaml:", "flies"]),
    "column": (edit("declaration", "{column: year}", "{column: yaer}"), 4, ["yaer", "year"]),
    "suite": (edit("suite", "expect_table_row_count_to_be_between", "expect_table_row_cuont"), 3,
              ["hotel_rooms.yaml:", "expect_table_row_cuont", "did you mean"]),
    "html": (csv("<!DOCTYPE html><html><body>404 Not Found</body></html>"), 4, ["hotel-rooms.csv", "HTML"]),
    "empty": (csv(""), 4, ["hotel-rooms.csv", "empty"]),
    "torn zip": (torn_zip, 4, ["hotel-rooms.zip"]),
    "gone": (lambda bench: bench.table().unlink(), 4, ["hotel_rooms.csv"]),
    "ragged": (csv("area,year,value\n48,2024,1,9\n"), 4, ["hotel-rooms.csv", "2"]),
    "quote": (csv('area,year,value\n48,2024,"1\n'), 4, ["hotel-rooms.csv"]),
    "encoding": (csv(b"area,year,value\n48,2024,\xff\n"), 4, ["hotel-rooms.csv", "2"]),
    "locale": (csv('area,year,value\n48,2023,"1.234,5"\n48,2024,"1.235,5"\n'), 5,
               ["quarantine", "tolerance"]),
    "duplicate": (csv("area,year,value\n48,2024,1\n48,2024,2\n"), 5, ["tolerance"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input(bench, name):
    spoil, code, words = CASES[name]
    spoil(bench)
    check(bench, bench.run("run"), code, *words)
    shown = json.loads((bench.home / "site/datasets" / ROOMS / "dataset.json").read_text())
    assert shown  # the portal still shows the last good release


def test_what_was_held_back_can_be_looked_at(bench):
    bench.table().write_text('area,year,value\n48,2023,5\n48,2024,"1.235,5"\n')
    bench.run("run")
    (quarantine,) = (bench.home / "tables" / ROOMS).glob("*/*/quarantine.parquet")
    import pyarrow.parquet as pq

    (row,) = pq.read_table(quarantine).to_pylist()
    assert (row["_part"], row["_row"], row["_column"]) == ("hotel-rooms.csv", 3, "value")
    assert "1.235,5" in row["_original"] and "1.235,5" in row["reasons"][0]


def test_a_mended_source_is_released_again(bench):
    bench.table().write_text("")
    assert bench.run("run").code == 4
    bench.table().write_text("area,year,value\n48,2024,5\n")
    after = bench.run("run")
    assert after.code == 0 and bench.number() == 2


def test_a_second_run_at_the_same_time_is_told(bench):
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time; from pathlib import Path; from warehouse.home import Home\n"
         f"with Home(Path({str(bench.home)!r})).run_lock():\n"
         "    print('held', flush=True); time.sleep(60)"],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        said = bench.run("run")
    finally:
        holder.kill()
        holder.wait()
    assert said.code == 7 and "another run is at work" in said.err and "Traceback" not in said.err
    assert bench.run("run").code == 0  # a killed run leaves no lock behind


def test_a_run_that_is_killed_leaves_no_half(bench):
    """SIGKILL at several moments; what is there afterwards is whole, and the next run ends well."""
    for delay in (0.5, 2, 4, 5, 6, 7):
        bench.table().write_text(f"area,year,value\n48,2024,{int(delay * 10)}\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", "run"], cwd=PROJECT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENINDICATORS_HOME": str(bench.home),
                 "OPENINDICATORS_PROJECT": str(bench.project)},
        )  # fmt: skip
        time.sleep(delay)
        process.kill()
        process.wait()
        assert bench.run("doctor").code == 0
    said = bench.run("run")
    assert said.code == 0, said.out + said.err
    assert bench.run("doctor").code == 0
    assert not list(bench.home.rglob(".*.[0-9]*"))


def root_only() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for a few hundred kilobytes."""
    root_only()
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_with_a_sentence_and_loses_nothing(bench, small_disk):
    """Everything but Dagster's history on a disk that fills up between two releases."""
    for name in ("snapshots", "releases", "tables", "tmp"):
        source = bench.home / name
        if source.exists():
            shutil.copytree(source, small_disk / name)
            shutil.rmtree(source)
        else:
            (small_disk / name).mkdir()
        source.symlink_to(small_disk / name)
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        except OSError:
            pass
    bench.table().write_text("area,year,value\n48,2024,5\n")
    said = bench.run("run")
    assert said.code == 6 and "disk is full" in said.out + said.err, said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert bench.number() == 1 and bench.run("doctor").code in (0, 1)
    filler.unlink()
    said = bench.run("run")
    assert said.code == 0 and bench.number() == 2, said.out + said.err


def test_a_read_only_folder(bench, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    said = openindicators(
        small_disk / "home", "run", OPENINDICATORS_PROJECT=str(bench.project)
    )
    assert said.code == 6 and "read-only" in said.err and "Traceback" not in said.err


def test_a_users_mistakes_get_a_sentence(bench):
    for arguments, words in (
        (["run", "tourism/hotel_room"], ["did you mean 'tourism/hotel_rooms'"]),
        (["run", "--profile", "smaple"], ["did you mean 'sample'"]),
        (["run", "--to", "stie"], ["did you mean 'site'"]),
        (["new", "turism/x_y"], ["did you mean 'tourism'"]),
        (["new", "tourism/X"], ["no name for a dataset"]),
        (["new", ROOMS], ["is there already"]),
        (["verify", "nothing.csv"], ["no such file"]),
        (["show", "nothing"], ["no dataset or sector"]),
        (["run", ROOMS, "--profile", "corpus"], ["no source in the profile"]),
    ):
        said = bench.run(*arguments)
        assert said.code != 0 and "Traceback" not in said.err, said.err
        for word in words:
            assert word in said.err, said.err
    assert bench.run("--help").code == 0 and "Exit codes" in bench.run("--help").out
