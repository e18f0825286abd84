"""A cluster gives the very bytes of one machine: Spark with two workers, one of them killed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from model.declarations.source import Source
from model.errors import OpenIndicatorsError, QualityError, ReadError
from model.util.hashing import sha256_file
from pipelines.catalogue import load_catalogue
from pipelines.cluster.clean import clean_in_chunks
from pipelines.cluster.settings import Cluster
from pipelines.settings import Settings
from pipelines.steps.validate import validate_table
from tests.fixtures.datasets import batch, dataset, registries
from tests.fixtures.sample import finished_sample
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java")

TWO_WORKERS = "local-cluster[2,1,1024]"
NAME = {"vi": "Số phòng", "en": "Rooms"}
COLUMNS = {
    "indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
    "obs_value": {"column": "value", "locale": "vi"},
}
WARDS = {"codelist": "vn_ward_2025", "coverage": {"vi": "Đà Nẵng", "en": "Da Nang"}}
YEARS = [str(year) for year in range(1960, 2027)]


def _row(number: int, value: str, **more: str) -> dict[str, str]:
    area = ("48", "01", "Đà Nẵng", "Hà Nội")[number % 4]
    return {"area": area, "year": YEARS[number % len(YEARS)], "value": value, **more}


def _wards(year: str) -> list[dict[str, str]]:
    # The wards that An Hải was made of; of 2026 one is missing.
    parts = ("20275", "20272", "20278")[: 2 if year == "2026" else 3]
    return [{"area": part, "year": year, "value": "1,5"} for part in parts]


CORRECTION = {
    "key": {"indicator": "ROOMS", "ref_area": "48", "time_period": "1960"}, "action": "scale",
    "expect": 1, "value": 10, "source": "https://example.org/",
    "reason": {"vi": "Sai đơn vị", "en": "Wrong unit"},
}
# Name: changes of the declaration, of its columns and of its source; rows.
SHAPES = {
    "long": ({}, {}, {}, [_row(n, str(n)) for n in range(40)]),
    "unreadable": ({}, {}, {"empty": "keep"}, [
        _row(0, "12x"), _row(1, ""), _row(2, "1.000,5"), {**_row(3, "3"), "area": "Nowhere"},
        {**_row(4, "4"), "year": "soon"}, {**_row(5, "5"), "year": "2031"}, _row(6, ".."),
        *(_row(n, "1e999") for n in range(7, 30)),
    ]),
    "marks": (
        {"footnotes": {"est": {"vi": "Ước tính", "en": "Estimated"},
                       "old": {"vi": "Cũ", "en": "Old", "applies_to": {"ref_area": ["48"]}}}},
        {"obs_value": {"column": "value", "locale": "vi", "scale_words": {"nghìn": 1000},
                       "marks": {"*": {"footnote": "est"}, "p": {"status": "P"}}}},
        {}, [_row(n, f"{n}{('', '*', 'p', ' nghìn')[n % 4]}") for n in range(40)],
    ),
    "wide": (
        {}, {"time_period": "period", "obs_value": {"column": "cell", "locale": "vi"}},
        {"unpivot": {"matching": "[0-9]{4}", "names_to": "period", "values_to": "cell"}},
        [{"area": area, "note": f"n{n}", "2023": f"{n}", "2024": "x" if n % 7 == 0 else f"{n},5"}
         for n, area in enumerate(("48", "01", "Hà Nội", "elsewhere") * 8)],
    ),
    "bounds": (
        {"indicators": {"ROOMS": {"name": NAME, "unit": "count",
                                  "interval": {"kind": "confidence", "level": 95}}}},
        {"lower_bound": "low", "upper_bound": {"column": "high"}}, {"where": {"keep": ["yes"]}},
        [_row(n, f"{n}", low=f"{n - 1}", high="?" if n == 9 else f"{n + 1}",
              keep="no" if n % 5 == 0 else "yes") for n in range(1, 40)],
    ),
    "succeeding areas": (
        {"geography": WARDS}, {"ref_area": {"column": "area", "successor": "sum",
                                            "codelist": "vn_da_nang_commune_2025"}}, {},
        [row for year in ("2020", "2021", "2022", "2026") for row in _wards(year)],
    ),
    "corrected": ({"corrections": [CORRECTION]}, {}, {}, [_row(n, str(n + 1)) for n in range(30)]),
}  # fmt: skip


def _how(declared: dict, columns: dict, source: dict) -> Cleaning:
    origin = {"protocol": "files", "columns": {**COLUMNS, **columns}, **source}
    return Cleaning(
        dataset(**declared), Source.model_validate(origin), {}, registries(),
        retrieved=date(2026, 6, 1),
    )


def _in_chunks(how: Cleaning, rows: list[dict[str, str]], folder: Path, each: int) -> tuple:
    cluster = Cluster(TWO_WORKERS, rows=each)
    with connect() as con:
        stats = clean_in_chunks(con, [batch(rows)], how, cluster, folder)
        return stats, con.execute("SELECT * EXCLUDE (_id) FROM observation ORDER BY _id").fetchall()


def _on_one_machine(how: Cleaning, rows: list[dict[str, str]]) -> tuple:
    with connect() as con:
        stats = clean(con, [batch(rows)], how)
        return stats, con.execute("SELECT * EXCLUDE (_id) FROM observation ORDER BY _id").fetchall()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_of_any_shape_is_cleaned_to_the_same_observations(shape, tmp_path):
    *changes, rows = SHAPES[shape]
    how = _how(*changes)
    one = _on_one_machine(how, rows)
    assert one[1] and _in_chunks(how, rows, tmp_path, each=8) == one


def test_what_is_wrong_with_a_source_is_said_as_on_one_machine(tmp_path):
    wrong = [
        (_how({}, {"obs_value": "valeu"}, {}), [_row(1, "1")], ReadError),
        (_how({"corrections": [{**CORRECTION, "expect": 7}]}, {}, {}), [_row(0, "1")],
         QualityError),
    ]  # fmt: skip
    for number, (how, rows, kind) in enumerate(wrong):
        with pytest.raises(kind) as one:
            _on_one_machine(how, rows)
        (tmp_path / str(number)).mkdir()
        with pytest.raises(kind) as many:
            _in_chunks(how, rows, tmp_path / str(number), each=8)
        assert str(many.value) == str(one.value)


def _executors() -> list[int]:
    """Return the processes of the executors of this process's Spark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_one = b"CoarseGrainedExecutorBackend" in (folder / "cmdline").read_bytes()
            if is_one and _parent(_parent(int(folder.name))) == os.getpid():
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return found


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_that_is_killed_takes_nothing_with_it(tmp_path):
    *changes, _ = SHAPES["unreadable"]
    how, rows = _how(*changes), [_row(n, "x" if n % 50 == 0 else f"{n},25") for n in range(2000)]
    killed: list[int] = []

    def kill() -> None:
        until = time.monotonic() + 120
        while not list(tmp_path.glob("0*.parquet")) and time.monotonic() < until:
            time.sleep(0.02)
        killed.extend(_executors()[:1])
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    many = _in_chunks(how, rows, tmp_path, each=50)
    killer.join()
    assert killed and many == _on_one_machine(how, rows)


@pytest.mark.parametrize("name", ["finance/consumer_prices", "population/population_after_merger"])
def test_a_release_of_the_sample_has_the_same_bytes(name, tmp_path, tmp_path_factory):
    sample = DataDir(finished_sample(tmp_path_factory))
    released = releases.current(sample, name)
    assert released is not None
    shutil.copytree(sample.root / "snapshots" / name, tmp_path / "snapshots" / name)
    catalogue = load_catalogue(Settings(profile="sample", data_dir=tmp_path))
    bound = catalogue.bound_datasets("sample")[name]
    bound = replace(bound, cluster=Cluster(TWO_WORKERS, rows=100), timed=False)
    validated = validate_table(bound, DataDir(tmp_path))
    assert sha256_file(validated.data) == released.release.file("data.parquet").sha256
    quarantine = released.release.file("quarantine.parquet")
    assert sha256_file(validated.quarantine) == quarantine.sha256
    assert validated.quality == released.quality.without_durations()


def test_a_cluster_is_for_large_snapshots_and_says_what_it_lacks(tmp_path, monkeypatch):
    settings = Settings(profile="sample", data_dir=tmp_path, spark_master="spark://x:1")
    assert settings.cluster == Cluster("spark://x:1", 1_000_000_000)
    assert Settings(profile="sample", data_dir=tmp_path).cluster is None
    *changes, rows = SHAPES["long"]
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with connect() as con, pytest.raises(OpenIndicatorsError, match=r"openindicators\[spark\]"):
        clean_in_chunks(con, [batch(rows)], _how(*changes), Cluster("spark://x:1"), tmp_path)
