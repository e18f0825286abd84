"""Whatever goes wrong: one clear message, the last good release stays, the others run."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from portal.site.shared_pages.shared_files import STATE as CATALOGUE
from tests.fixtures.answers import new_answered
from tests.fixtures.commands import PROJECT, openindicators
from tests.fixtures.projects import for_this_city
from tests.sources.test_child import LAUGHS, workbook

ROOMS, BEDS = "tourism/hotel_rooms", "health/hospital_beds"


class Bench:
    """A project of a few datasets with a release each, and its data folder."""

    def __init__(self, folder: Path) -> None:
        self.project, self.data_dir = folder / "project", folder / "home"

    def run(self, *arguments, **environment):
        return openindicators(
            self.data_dir, *arguments, OPENINDICATORS_PROJECT=str(self.project), **environment
        )

    def make(self, *datasets: str, **environment: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENINDICATORS_PROJECT", str(self.project))
            patch.setenv("OPENINDICATORS_DATA_DIR", str(self.data_dir))
            for_this_city(self.project)
            for dataset in datasets:
                new_answered(dataset)
        first = self.run("run", **environment)
        assert first.code == 0, first.out + first.err

    def declaration(self, dataset=ROOMS) -> Path:
        return self.project / "assets" / f"{dataset}.yaml"

    def suite(self, dataset=ROOMS) -> Path:
        return self.project / "expectations" / f"{dataset}.yaml"

    def table(self, dataset=ROOMS) -> Path:
        return self.data_dir / "inbox" / f"{dataset.split('/')[1]}.csv"

    def change(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def number(self, dataset=ROOMS) -> int:
        folder = self.data_dir / "releases" / dataset
        return max(int(path.name) for path in folder.iterdir() if path.name.isdigit())


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("template"))
    made.make(ROOMS, BEDS)
    return made


@pytest.fixture
def bench(tmp_path, template):
    """A copy of its own, in which the other dataset has news: it must always come through."""
    shutil.copytree(template.project.parent, tmp_path, dirs_exist_ok=True)
    made = Bench(tmp_path)
    made.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    return made


def csv(text: str | bytes):
    def spoil(bench: Bench, dataset: str) -> None:
        bench.table(dataset).write_bytes(text if isinstance(text, bytes) else text.encode())

    return spoil


def edit(which: str, old: str, new: str):
    def spoil(bench: Bench, dataset: str) -> None:
        bench.change(getattr(bench, which)(dataset), old, new)

    return spoil


def torn_zip(bench: Bench, dataset: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rooms.csv", "area,year,value\n" + "48,2024,1\n" * 500)
    path = bench.table(dataset).with_suffix(".zip")
    path.write_bytes(buffer.getvalue()[:-60])
    bench.change(bench.declaration(dataset), "torn_zip.csv", "torn_zip.zip")


def book(**members: bytes):
    """Send a workbook with other members, by their names without folder and ending."""
    def spoil(bench: Bench, dataset: str) -> None:
        workbook(bench.table(dataset).with_suffix(".xlsx"), **members)
        name = dataset.split("/")[1]
        bench.change(bench.declaration(dataset), f"{name}.csv", f"{name}.xlsx")

    return spoil


# Formulas without their results: one of 4 MB, one that needs itself, and one that never ends.
_SUM = random.Random(1).randbytes(2_000_000).hex().translate(str.maketrans("abcdef", "++++++"))
FORMULAS = b"<worksheet><sheetData>" + b"".join(
    b'<row r="%d"><c r="A%d"><f>%s</f></c></row>' % (row, row, formula)
    for row, formula in enumerate((_SUM.encode(), b"A2+1", b"(" * 10_000), start=1)
) + b"</sheetData></worksheet>"


def gone(bench: Bench, dataset: str) -> None:
    bench.table(dataset).unlink()


# dataset -> how it is damaged, the exit code of a run of it alone, words of the message
CASES = {
    "bad_yaml": (edit("declaration", "frequency: A", "frequency: [A"), 3, ["bad_yaml.yaml:"]),
    "bad_protocol": (edit("declaration", "protocol: files", "protocol: flies"), 3,
                     ["bad_protocol.yaml:", "flies", "did you mean 'files'"]),
    "bad_option": (edit("declaration", "files: [bad", "flies: [bad"), 3,
                   ["bad_option.yaml:", "flies"]),
    "bad_column": (edit("declaration", "{column: year}", "{column: yaer}"), 4,
                   ["yaer", "did you mean 'year'"]),
    "bad_suite": (edit("suite", "expect_table_row_count_to_be_between", "expect_table_row_cuont"),
                  3, ["bad_suite.yaml:", "expect_table_row_cuont", "did you mean"]),
    "html_page": (csv("<!DOCTYPE html><html><body>404 Not Found</body></html>"), 4,
                  ["html-page.csv", "HTML"]),
    "empty_file": (csv(""), 4, ["empty-file.csv", "empty"]),
    "torn_zip": (torn_zip, 4, ["torn-zip.zip"]),
    "bomb_book": (book(sheet1=b" " * 300_000_000), 4, ["bomb-book.xlsx: would unpack"]),
    "laughing_book": (book(sheet1=LAUGHS), 4, ["laughing-book.xlsx"]),
    "formula_book": (book(sheet1=FORMULAS), 4, ["formula-book.xlsx"]),
    "gone_file": (gone, 4, ["gone_file.csv"]),
    "ragged_row": (csv("area,year,value\n48,2024,1,9\n"), 4, ["ragged-row.csv:2"]),
    "open_quote": (csv('area,year,value\n48,2024,"1\n'), 4, ["open-quote.csv"]),
    "bad_encoding": (csv(b"area,year,value\n48,2024,\xff\n"), 4, ["bad-encoding.csv:2"]),
    "wrong_locale": (csv('area,year,value\n48,2022,1\n48,2023,"1.234,5"\n48,2024,"1.235,5"\n'), 5,
                     ["2 of 3 rows", "tolerance"]),
    "same_key": (csv("area,year,value\n48,2023,7\n48,2024,1\n48,2024,2\n"), 5,
                 ["2 of 3 rows", "tolerance"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    """All cases at once, each in a dataset of its own, beside one that is well."""
    made = Bench(tmp_path_factory.mktemp("spoilt"))
    made.make(BEDS, *(f"tourism/{name}" for name in CASES))
    made.table(BEDS).write_text("area,year,value\n48,2024,77\n")
    for name, (spoil, _, _) in CASES.items():
        spoil(made, f"tourism/{name}")
    return made, made.run("run")


def test_one_run_reports_each_and_releases_the_others(spoilt):
    bench, said = spoilt
    text = said.out + said.err
    assert said.code == 1 and "Traceback" not in text  # failures of several kinds
    assert bench.number(BEDS) == 2
    for name in CASES:
        assert bench.number(f"tourism/{name}") == 1
        shown = bench.data_dir / f"site/datasets/tourism/{name}/dataset.json"
        assert json.loads(shown.read_text())["release"] == 1


@pytest.mark.parametrize("name", CASES)
def test_the_message_says_what_where_and_what_to_do(spoilt, name):
    _, said = spoilt
    # A message reaches until the next mark; blanks fold, since the terminal may wrap.
    messages = [
        " ".join(part.split()) for part in re.split(r"\n\s*✗|\nerror", said.err)
        if name in part or name.replace("_", "-") in part
    ]
    assert messages, said.err
    for word in CASES[name][2]:
        assert any(word in message for message in messages), messages
    assert any("→" in message for message in messages)


@pytest.mark.parametrize("name", ["bad_yaml", "empty_file", "wrong_locale"])
def test_the_exit_code_says_which_kind(spoilt, name):
    bench, _ = spoilt
    assert bench.run("run", f"tourism/{name}").code == CASES[name][1]


def test_quarantined_rows_can_be_listed(bench):
    bench.table().write_text('area,year,value\n48,2023,5\n48,2024,"1.235,5"\n')
    bench.run("run")
    (quarantine,) = (bench.data_dir / "tables" / ROOMS).glob("*/*/quarantine.parquet")
    import pyarrow.parquet as pq

    (row,) = pq.read_table(quarantine).to_pylist()
    assert (row["_part"], row["_row"], row["_column"]) == ("hotel-rooms.csv", 3, "value")
    assert "1.235,5" in row["_original"] and "1.235,5" in row["reasons"][0]


def test_a_fixed_source_is_released_again(bench):
    bench.table().write_text("")
    assert bench.run("run").code == 4
    bench.table().write_text("area,year,value\n48,2024,5\n")
    after = bench.run("run")
    assert after.code == 0 and bench.number() == 2


def test_a_second_run_at_the_same_time_is_refused(bench):
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import time; from pathlib import Path; from warehouse.store.data_dir import DataDir\n"
         f"with DataDir(Path({str(bench.data_dir)!r})).run_lock():\n"
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
    for delay in (1, 3, 5, 7):
        bench.table().write_text(f"area,year,value\n48,2024,{int(delay * 10)}\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli.main", "run"], cwd=PROJECT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENINDICATORS_DATA_DIR": str(bench.data_dir),
                 "OPENINDICATORS_PROJECT": str(bench.project)},
        )  # fmt: skip
        time.sleep(delay)
        process.kill()
        process.wait()
    said = bench.run("doctor")
    assert said.code == 0, said.out
    said = bench.run("run")
    assert said.code == 0, said.out + said.err
    assert bench.run("doctor").code == 0
    for path in bench.data_dir.glob(".*.staging*"):  # the catalogue's goes a minute later
        os.utime(path, (0, 0))
    assert bench.run("run").code == 0
    assert not [path for path in bench.data_dir.rglob(".*.[0-9]*") if "dagster" not in path.parts]


def test_a_dataset_that_was_published_before_a_kill_is_no_damage_and_one_that_decayed_is(bench):
    """The catalogue of all is written last; what a dataset's folder has is known to the folder."""
    assert bench.run("run").code == 0
    catalogue, published = (
        bench.data_dir / "site" / name for name in (CATALOGUE, "datasets/tourism/hotel_rooms")
    )
    before = catalogue.read_bytes()
    bench.table().write_text("area,year,value\n48,2024,30\n")
    assert bench.run("run").code == 0
    catalogue.write_bytes(before)  # of which the killed run had written nothing
    said = bench.run("doctor").out
    assert "dataset.json: differs from its record" not in said
    state = published / "dataset.json"
    state.write_bytes(state.read_bytes().replace(b'"release"', b'"releasf"', 1))
    said = bench.run("doctor")
    assert said.code == 1 and "dataset.json: differs from its record" in said.out


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
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_run_with_a_message_and_loses_nothing(bench, small_disk):
    """Everything but Dagster's history on a disk that fills up between two releases."""
    for name in ("snapshots", "releases", "tables", "tmp"):
        source = bench.data_dir / name
        if source.exists():
            shutil.copytree(source, small_disk / name)
            shutil.rmtree(source)
        else:
            (small_disk / name).mkdir()
        source.symlink_to(small_disk / name)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
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
    path = bench.declaration(BEDS)
    head, source = path.read_text(encoding="utf-8").split("\nsource:\n")
    path.write_text(f"{head}\nprofiles:\n sample:\n{source}", encoding="utf-8")
    for arguments, words in (
        (["run", "tourism/hotel_room"], ["did you mean 'tourism/hotel_rooms'"]),
        (["run", "--profile", "smaple"], ["did you mean 'sample'"]),
        (["run", "--to", "stie"], ["did you mean 'site'"]),
        (["new", "turism/x_y"], ["did you mean 'tourism'"]),
        (["new", "tourism/X"], ["no name for a dataset"]),
        (["new", ROOMS], ["is there already"]),
        (["verify", "nothing.csv"], ["no such file"]),
        (["show", "nothing"], ["no dataset or sector"]),
        (["run", BEDS, "--profile", "live"], ["no source in the profile"]),
    ):
        said = bench.run(*arguments)
        assert said.code != 0 and "Traceback" not in said.err, said.err
        for word in words:
            assert word in said.err, said.err
    assert bench.run("--help").code == 0 and "Exit codes" in bench.run("--help").out
