"""Packs: whatever was released comes back to the byte; damage names the releases it touches."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import StoreError
from model.records.release import Inputs
from model.util.hashing import has_checksum, pretty_json
from model.util.newest import Newest
from model.util.sql import literal
from pipelines.integrity import inspect
from pipelines.restoring import MakeAgain, restore
from tests.faults.test_bit_rot import flip
from tests.fixtures.datasets import dataset
from tests.warehouse.test_releases import NOW, judged
from warehouse import packed_rows
from warehouse.engine import PARQUET_OPTIONS, connect
from warehouse.store import catalogue, decisions, ledger, packing, packs, releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.working_tables import Validated

ID = "tourism/hotel_rooms"
Figures = dict[int, tuple[float | None, str]]  # year -> value and note
TYPES = {"obs_value": pa.float64(), "source_row": pa.int64()}
Bytes = dict[int, dict[str, bytes]]  # of a release's files, by its number


@pytest.fixture(autouse=True)
def packs_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "WORTH", 1)
    monkeypatch.setattr(packing, "ROWS_FREE", 12)


def make(data_dir: DataDir, number: int, figures: Figures) -> StoredRelease:
    """Release figures, whose order is that of the source."""
    folder = data_dir.root / "tables" / str(number) / "suite"
    folder.mkdir(parents=True)
    rows = [
        {"indicator": "ROOMS", "ref_area": "48", "geo_vintage": "VN:2008-08-01", "freq": "A",
         "time_period": str(year), "obs_value": value, "unit_measure": "count", "obs_status": "A",
         "obs_note": note, "source_part": "a.csv", "source_row": row, "source_column": "value"}
        for row, (year, (value, note)) in enumerate(figures.items(), start=2)
    ]
    declared = dataset()
    names = (*declared.columns, "source_part", "source_row", "source_column")
    table = pa.table({
        name: pa.array([row[name] for row in rows], TYPES.get(name, pa.string())) for name in names
    })
    with connect(rows=1) as con:
        con.register("t", table)
        for name, where in (("data", ""), ("quarantine", "WHERE false")):
            con.execute(f"COPY (FROM t {where} ORDER BY time_period)"
                        f" TO {literal(folder / f'{name}.parquet')} ({PARQUET_OPTIONS})")
    quality = judged(len(rows))
    (folder / "quality.json").write_text(pretty_json(quality))
    (folder.parent / "source_schema.json").write_text(f'{{"about": {number}}}')
    # Declared anew each time: a release is made though no figure changed.
    inputs = Inputs(f"{number:064d}", f"{number:064d}", "e" * 64, "c")
    at = NOW + timedelta(days=number)
    return releases.make(data_dir, declared, Validated(folder, quality), inputs, at)[0]


def released(stored: StoredRelease) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stored.folder.iterdir()}


def found(data_dir: DataDir) -> Bytes:
    """Return the bytes of every release as its readers get them."""
    return {
        stored.release.number: {
            "release.json": ledger.record_bytes(stored.folder),
            **{file.name: stored.path(file.name).read_bytes() for file in stored.release.files},
        }
        for stored in releases.history(data_dir, ID)
    }


def thirds(number: int) -> float:
    return number / 3


def some(
    data_dir: DataDir, count: int = 4, revision: Callable[[int], float] = thirds
) -> Bytes:
    """Make releases of which each revises one figure of six."""
    figures: Figures = {year: (float(year), "") for year in range(2000, 2006)}
    expected = {}
    for number in range(1, count + 1):
        expected[number] = released(make(data_dir, number, figures))
        figures[2000 + number] = (revision(number), "")
    return expected


ANY = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1.5])
DECIMALS = st.builds(lambda whole, places: whole / 10**places,
                     st.integers(-(2**53), 2**53), st.integers(0, 6))


def steps_of(figures: st.SearchStrategy[float]) -> st.SearchStrategy[list]:
    values = st.tuples(st.none() | figures, st.sampled_from(["", "sửa", "x\ny"]))
    return st.lists(
        st.tuples(st.dictionaries(st.integers(2000, 2007), values, max_size=3),
                  st.sets(st.integers(2000, 2007), max_size=2), st.booleans()),
        min_size=2, max_size=6,
    )


def test_a_process_keeps_the_records_of_the_longest_pack_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((packs, "_known"), (releases, "_entered")):
        monkeypatch.setattr(module, name, Newest(32))
    data_dir, figures = DataDir(tmp_path), {2000: (1.0, ""), 2001: (2.0, "")}
    data_dir.prepare()
    for number in range(1, 5):
        make(data_dir, number, {**figures, 2002: (float(number), "")})
        packing.pack_all(data_dir)
        packs.remove_packed(data_dir, 0)
        found(data_dir)
    assert [len(records) for _, records in packs._known.values()] == [3]
    assert len(releases._entered) == 4, "each is parsed once, in its folder or packed"


@settings(max_examples=10, deadline=None)
@given(steps_of(ANY) | steps_of(DECIMALS))
def test_whatever_was_released_comes_back_to_the_byte(steps) -> None:
    with TemporaryDirectory() as folder:
        data_dir, expected = DataDir(Path(folder)), {}
        data_dir.prepare()
        figures: Figures = {2000: (1.0, ""), 2003: (2.0, "")}
        for number, (revised, gone, pack_now) in enumerate(steps, start=1):
            # What is revised moves to the end of the source.
            figures = {k: v for k, v in figures.items() if k not in {*revised, *gone}} | revised
            expected[number] = released(make(data_dir, number, figures))
            if pack_now:
                packing.pack_all(data_dir)
                packs.remove_packed(data_dir, 0)
        packing.pack_all(data_dir)
        packs.remove_packed(data_dir, 0)
        assert found(data_dir) == expected
        assert inspect(data_dir).damages == []


@pytest.mark.parametrize(("revision", "decimals"), [
    (thirds, [None, None]), (lambda number: number / 4, [2, 2]),
    (lambda number: number / (4 if number < 3 else 7), [2, None]),
])
def test_a_release_is_stored_once_and_read_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision, decimals
) -> None:
    monkeypatch.setattr(packing, "ROWS_FREE", 8)
    monkeypatch.setattr(packing, "ROWS_EACH", 1)
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    expected = some(data_dir, 5, revision)
    catalogue.refresh(data_dir)
    views = ("all_observations", "quality", "changes", "releases", "observations",
             *(f"observations_as_of({literal(str(NOW + timedelta(days=n)))})" for n in range(6)))

    def shown() -> list[list[tuple]]:
        with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
            return [con.sql(f"SELECT * FROM {view} ORDER BY ALL").fetchall() for view in views]

    before = shown()
    assert packing.pack_all(data_dir) == 4 and packing.pack_all(data_dir) == 0
    first, second = packs.packs(data_dir, ID)
    assert (first.since, second.since) == (first.first, second.first + 1)
    assert [first.record.decimals, second.record.decimals] == decimals
    assert catalogue.refresh(data_dir) and not catalogue.refresh(data_dir)
    assert packs.remove_packed(data_dir) == 0, "a reader may hold them"
    assert packs.remove_packed(data_dir, 0) == 4
    assert shown() == before and found(data_dir) == expected
    assert [path.name for path in data_dir.releases(ID).iterdir()] == ["5"]
    again = decisions.rollback(data_dir, ID, 2, "An", None, NOW + timedelta(days=19))
    assert again.path("data.parquet").read_bytes() == expected[2]["data.parquet"]


def test_what_a_pack_changed_is_what_its_releases_changed(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    figures: Figures = {year: (float(year), "") for year in range(2000, 2004)}
    for changed in ({}, {2000: (None, ""), 2009: (math.nan, "")}, {2001: (1.0, "sửa")}, {}):
        figures = {year: value for year, value in (figures | changed).items() if year != 2003}
        stored = make(data_dir, len(list(data_dir.releases(ID).glob("*"))) + 1, figures)
    history = releases.history(data_dir, ID)
    each = " UNION ALL ".join(
        f"SELECT {item.release.number} AS release, * FROM read_parquet({literal(path)})"
        for item in history[:-1] if (path := item.path("changes.parquet"))
    )
    expected = duckdb.sql(f"FROM ({each}) ORDER BY ALL").fetchall()
    assert stored.pack_changes() is None and history[0].pack_changes() is None
    packing.pack_all(data_dir)
    tables = {item.pack_changes() for item in history[:-1]}
    packs.remove_packed(data_dir, 0)
    assert tables == {releases.history(data_dir, ID)[1].pack_changes()}
    [table] = tables
    found = duckdb.sql(f"FROM read_parquet({literal(table)}) ORDER BY ALL")
    assert repr(found.fetchall()) == repr(expected) and len(expected) == 6
    flip(table, 41)
    assert not has_checksum(table, table.stem)
    assert history[0].pack_changes() == table and has_checksum(table, table.stem), "made again"


Packed = tuple[DataDir, Bytes, packs.Pack, MakeAgain]


def packed(folder: Path) -> Packed:
    """Return a data folder with one pack, its releases, the pack, and what makes releases again."""
    data_dir = DataDir(folder / "data")
    data_dir.prepare()
    expected = some(data_dir)
    kept = shutil.copytree(data_dir.root, folder / "kept")
    packing.pack_all(data_dir)
    packs.remove_packed(data_dir, 0)
    [pack] = packs.packs(data_dir, ID)

    @contextmanager
    def again(_: str, number: int) -> Iterator[Path]:
        yield Path(kept) / "releases" / ID / str(number)

    return data_dir, expected, pack, again


def test_records_in_a_damaged_pack_stop_the_dataset_and_come_back(tmp_path: Path) -> None:
    data_dir, expected, pack, again = packed(tmp_path)
    path = pack.folder / packs.RELEASES
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match="releases 1 to 3"):
        releases.history(data_dir, ID)
    assert releases.current(data_dir, ID).path("data.parquet").exists()
    [damage] = inspect(data_dir).damages
    assert damage.path == path

    [(_, how)] = restore(data_dir, inspect(data_dir), again)
    assert "stand in full again" in how and found(data_dir) == expected
    assert inspect(data_dir).damages == []


def test_a_longer_pack_takes_the_place_of_a_shorter_one(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    figures: Figures = {year: (float(year), "") for year in range(2000, 2006)}
    for number in range(1, 6):
        figures[2000] = (float(number), "")
        make(data_dir, number, figures)
        packing.pack_all(data_dir)
    names = [pack.folder.name for pack in packs.packs(data_dir, ID)]
    assert names == ["1-1", "1-2", "1-3", "1-4"]
    for seconds, left in ((3600, names), (0, ["1-4"])):
        packs.remove_packed(data_dir, seconds)
        assert [pack.folder.name for pack in packs.packs(data_dir, ID)] == left


def test_a_pack_ends_when_its_records_have_so_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    expected = some(data_dir, 6)
    two = 2 * sum(len(expected[1][name]) for name in ("release.json", *packs.OTHERS))
    monkeypatch.setattr(packing, "RECORDS_EACH", two - 100)
    assert packing.pack_all(data_dir) == 5
    assert [pack.folder.name for pack in packs.packs(data_dir, ID)] == ["1-2", "3-4", "5-5"]
    packs.remove_packed(data_dir, 0)
    assert found(data_dir) == expected


def test_equal_declarations_of_a_datasets_releases_are_kept_once(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    some(data_dir, 4)
    for number in (2, 3):  # one claims the checksum of the first, and declares something else
        path = data_dir.releases(ID) / str(number) / "release.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        record["declaration_sha256"] = f"{1:064d}"
        record["declaration"] |= {"note": "other"} if number == 3 else {}
        path.write_text(json.dumps(record), encoding="utf-8")
    data_dir.ledger(ID).unlink()
    first, second, third, _ = (
        stored.release.declaration for stored in releases.history(data_dir, ID)
    )
    assert second is first and third == {**first, "note": "other"}


@pytest.mark.parametrize("at", range(1, 6))
def test_a_removal_that_was_killed_leaves_nothing_to_the_next_run(tmp_path: Path, at: int) -> None:
    """A pack has four files and more: killed before the removal of any, its record may be gone."""
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    for number in range(1, 4):
        make(data_dir, number, {2000: (float(number), ""), 2001: (2.0, "")})
        packing.pack_all(data_dir)
    if not (child := os.fork()):
        removed = iter(range(1, 99))
        sys.addaudithook(lambda event, _: os.kill(os.getpid(), signal.SIGKILL)
                         if event == "os.remove" and next(removed) == at else None)
        packs.remove_packed(data_dir, 0)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with data_dir.run_lock():
        packs.remove_packed(data_dir, 0)
    for folder, left in ((data_dir.packs(ID), ["1-2"]), (data_dir.releases(ID), ["3"])):
        assert [path.name for path in folder.iterdir()] == left


@pytest.mark.parametrize("name", [packs.ROWS, packs.RECORDS, packs.RECORD])
def test_damage_names_the_releases_that_it_touches(tmp_path: Path, name: str) -> None:
    data_dir, expected, pack, again = packed(tmp_path)
    flip(pack.folder / name, 41)
    [damage] = inspect(data_dir).damages
    assert damage.path == pack.folder / name and "releases 1 to 3" in damage.what
    old, current = (releases.history(data_dir, ID)[at] for at in (1, -1))
    with pytest.raises(StoreError, match="releases 1 to 3"):
        old.path("data.parquet")
    assert current.path("data.parquet").read_bytes() == expected[4]["data.parquet"]
    catalogue.refresh(data_dir)
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        assert con.sql("SELECT DISTINCT release FROM all_observations").fetchall() == [(4,)]
    assert packing.pack_all(data_dir) == 0 and packs.remove_packed(data_dir, 0) == 0

    (pack.folder / name).write_bytes(b"")  # no bit puts that right
    for _ in range(2):
        done = [how for _, how in restore(data_dir, inspect(data_dir), again)]
    assert done == [] and found(data_dir) == expected and inspect(data_dir).damages == []


def test_another_version_of_the_engine_gives_the_same_rows(tmp_path: Path, monkeypatch) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    expected = some(data_dir)
    packing.pack_all(data_dir)
    packs.remove_packed(data_dir, 0)
    stored = releases.history(data_dir, ID)[1]
    monkeypatch.setattr(packed_rows, "PARQUET_OPTIONS", "FORMAT PARQUET, COMPRESSION SNAPPY")
    with pytest.raises(StoreError, match="does not come back"):
        stored.path("data.parquet")
    monkeypatch.setattr(packs, "writer", lambda: "DuckDB 9")
    read = stored.path("data.parquet")
    (tmp_path / "was.parquet").write_bytes(expected[2]["data.parquet"])
    assert read.read_bytes() != expected[2]["data.parquet"]
    both = [duckdb.sql(f"FROM read_parquet({literal(path)})").fetchall()
            for path in (read, tmp_path / "was.parquet")]
    assert both[0] == both[1]


MAINTENANCE = """
import os, sys
from pathlib import Path
from tests.faults.kills import arm
from warehouse.store import catalogue, packing, packs
from warehouse.store.data_dir import DataDir
import duckdb, pyarrow.parquet
packing.WORTH, packing.ROWS_FREE = 1, 12
arm(dict(os.environ))
data_dir = DataDir(Path(sys.argv[1]))
packing.pack_all(data_dir), catalogue.refresh(data_dir), packs.remove_packed(data_dir, 0)
"""


READING = """
import sys
from pathlib import Path
from warehouse.store import packing, packs, releases
from warehouse.store.data_dir import DataDir
data_dir = DataDir(Path(sys.argv[1]))
for stored in releases.history(data_dir, sys.argv[2]):
    stored.quality, stored.path("data.parquet")
packing.pack_all(data_dir)
raise SystemExit("pandas" in sys.modules)
"""


def test_to_read_what_is_packed_imports_no_pandas(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    some(data_dir)
    packing.pack_all(data_dir)
    packs.remove_packed(data_dir, 0)
    assert subprocess.run(
        [sys.executable, "-c", READING, str(data_dir.root), ID], check=False,
    ).returncode == 0


def test_killed_anywhere_every_release_is_there(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    expected = some(data_dir)
    counter, undisturbed = tmp_path / "changes", tmp_path / "undisturbed"

    def maintain(root: Path, **environment: str) -> int:
        return subprocess.run(
            [sys.executable, "-c", MAINTENANCE, str(root)], env=os.environ | environment,
            check=False,
        ).returncode

    shutil.copytree(data_dir.root, undisturbed)
    assert maintain(undisturbed, COUNT_CHANGES=str(counter)) == 0
    most = int(counter.read_text())
    packed = {path.name for path in DataDir(undisturbed).packs(ID).iterdir()}
    for at in (most // 2, most - 8, most - 2):
        copy = DataDir(tmp_path / f"killed-{at}")
        shutil.copytree(data_dir.root, copy.root)
        assert maintain(copy.root, KILL_AT=str(at)) == -signal.SIGKILL
        assert found(copy) == expected, f"killed at {at} of {most}"
        with copy.run_lock():
            packing.pack_all(copy)
        packs.remove_packed(copy, 0)
        assert found(copy) == expected and inspect(copy).damages == []
        assert {path.name for path in copy.packs(ID).iterdir()} == packed


def test_a_flip_in_the_last_newline_of_a_log_is_no_torn_line(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    some(data_dir, 2)
    path = data_dir.ledger(ID)
    whole = path.read_bytes()
    flip(path, len(whole) - 1)
    [damage] = inspect(data_dir).damages
    assert damage.path == path and damage.what.endswith(": 2")
    [(_, how)] = restore(data_dir, inspect(data_dir), lambda *_: nullcontext())
    assert how == "restored: one bit of a line had flipped" and path.read_bytes() == whole
    path.write_bytes(whole[:-5])
    assert inspect(data_dir).damages == [], "a crash leaves that; the next run enters it again"
