"""Releases: what makes a new one, what changed, and that the arithmetic of changes adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import BusyError, StoreError
from model.records.release import Inputs
from model.records.snapshot import Part
from model.records.validation import QualityRecord
from model.util.disk import write_if_changed
from model.util.hashing import sha256_file
from tests.fixtures.datasets import batch, dataset, registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.store import catalogue, releases, snapshots, working_tables
from warehouse.store.atomic import atomic_directory
from warehouse.store.data_dir import DataDir

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def judged(rows_read, quarantined=0):
    return QualityRecord(
        dataset="tourism/hotel_rooms",
        suite_sha256="s" * 64,
        versions={},
        rows_read=rows_read,
        rows_released=rows_read - quarantined,
        rows_quarantined=quarantined,
        tolerance=1,
        checks=(),
    )


def release(
    data_dir: DataDir, values: dict[str, str], snapshot: str, declared=None, suite="s", at=NOW
):
    """Carry {year: value} to a release; values that are no numbers go to quarantine."""
    validated, inputs = validate(data_dir, values, snapshot, declared, suite)
    return releases.make(data_dir, declared or dataset(), validated, inputs, at)


def validate(data_dir: DataDir, values: dict[str, str], snapshot: str, declared=None, suite="s"):
    """Carry {year: value} to what may be released, and what that is made from."""
    declared = declared or dataset()
    rows = [{"area": "48", "year": year, "value": value} for year, value in values.items()]

    def fill(con, _):
        source = declared.source_for("sample")
        return clean(con, [batch(rows)], Cleaning(declared, source, {}, registries()))

    def judge(con, relation):
        con.execute(
            f"CREATE TABLE quarantine AS SELECT _id, [_reject] AS reasons FROM {relation}"
            " WHERE _reject IS NOT NULL"
        )
        quarantined = con.execute("SELECT count(*) FROM quarantine").fetchone()[0]
        return judged(len(rows), quarantined)

    table, _ = working_tables.write_table(data_dir, declared, snapshot * 64, fill)
    validated = working_tables.write_validated(data_dir, declared, table, suite * 64, judge)
    return validated, Inputs(snapshot * 64, "d" * 64, suite * 64, "c")


@pytest.fixture
def data_dir(tmp_path):
    found = DataDir(tmp_path / "data")
    found.prepare()
    return found


def test_first_release(data_dir):
    stored, made = release(data_dir, {"2023": "5", "2024": "6", "2025": "x"}, "1")
    assert made and stored.release.number == 1 and stored.release.reason == "first release"
    assert stored.release.rows == 2 and stored.release.quarantined == 1
    assert stored.release.changes.model_dump() == {"added": 2, "revised": 0, "withdrawn": 0}
    assert (stored.release.period_first, stored.release.period_last) == ("2023", "2024")
    for record in stored.release.files:
        assert sha256_file(stored.path(record.name)) == record.sha256
    quarantined = pq.read_table(stored.path("quarantine.parquet")).to_pylist()
    assert quarantined[0]["reasons"] and quarantined[0]["_row"] == 4
    assert '"value":"x"' in quarantined[0]["_original"]


def test_what_a_killed_run_left_of_a_replaced_table_goes_with_the_next(data_dir):
    """The table was there, and the run was killed while it removed the one before."""
    validated, _ = validate(data_dir, {"2024": "6"}, "1")
    table = validated.folder.parent
    (left := table.with_name("0" * 16) / "suite").mkdir(parents=True)
    (left / "quality.json").write_text("{}")
    validate(data_dir, {"2024": "6"}, "1")
    assert list(table.parent.iterdir()) == [table]


def test_the_same_inputs_make_no_release(data_dir):
    release(data_dir, {"2024": "6"}, "1")
    before = {
        p: (p.stat().st_mtime_ns, p.read_bytes())
        for p in data_dir.root.rglob("*")
        if p.is_file() and "locks" not in p.parts
    }
    stored, made = release(data_dir, {"2024": "6"}, "1")
    assert not made and stored.release.number == 1
    after = {
        p: (p.stat().st_mtime_ns, p.read_bytes())
        for p in data_dir.root.rglob("*")
        if p.is_file() and "locks" not in p.parts
    }
    assert before == after


def test_changes_of_the_next_release(data_dir):
    release(data_dir, {"2021": "1", "2022": "2", "2023": "3"}, "1")
    stored, made = release(data_dir, {"2022": "2", "2023": "30", "2024": "4"}, "2")
    assert made and stored.release.number == 2 and stored.release.reason == "source changed"
    assert stored.release.changes.model_dump() == {"added": 1, "revised": 1, "withdrawn": 1}
    rows = pq.read_table(stored.path("changes.parquet")).to_pylist()
    assert [(r["change"], r["time_period"], r["old_value"], r["new_value"]) for r in rows] == [
        ("added", "2024", None, 4.0),
        ("revised", "2023", 3.0, 30.0),
        ("withdrawn", "2021", 1.0, None),
    ]


def test_a_changed_suite_makes_a_release_with_its_reason(data_dir):
    release(data_dir, {"2024": "6"}, "1")
    stored, made = release(data_dir, {"2024": "6"}, "1", suite="t")
    assert made and stored.release.reason == "suite changed"
    assert stored.release.changes.model_dump() == {"added": 0, "revised": 0, "withdrawn": 0}


def test_two_homes_give_the_same_bytes(tmp_path):
    found = []
    for name in ("a", "b"):
        data_dir = DataDir(tmp_path / name)
        data_dir.prepare()
        stored, _ = release(data_dir, {"2022": "2", "2023": "3", "2024": "x"}, "1")
        found.append({p.name: p.read_bytes() for p in stored.folder.iterdir()})
    assert found[0] == found[1]


values = st.dictionaries(
    st.integers(1990, 2030).map(str), st.integers(0, 9).map(str), min_size=1, max_size=12
)


@settings(max_examples=25, deadline=None)
@given(values, values)
def test_old_release_plus_changes_is_the_new_release(tmp_path_factory, old, new):
    data_dir = DataDir(tmp_path_factory.mktemp("home"))
    data_dir.prepare()
    release(data_dir, old, "1")
    stored, made = release(data_dir, new, "2")
    assert made == (old != new)
    if not made:
        return
    state = {year: float(value) for year, value in old.items()}
    for row in pq.read_table(stored.path("changes.parquet")).to_pylist():
        if row["change"] == "withdrawn":
            assert state.pop(row["time_period"]) == row["old_value"]
        else:
            assert state.get(row["time_period"]) == row["old_value"]
            state[row["time_period"]] = row["new_value"]
    assert state == {year: float(value) for year, value in new.items()}
    changes = stored.release.changes
    assert stored.release.rows == len(old) + changes.added - changes.withdrawn


def test_the_catalogue_shows_releases_and_the_past(data_dir):
    release(data_dir, {"2023": "3"}, "1")
    release(data_dir, {"2023": "30", "2024": "4"}, "2")
    assert catalogue.refresh(data_dir) and not catalogue.refresh(data_dir)
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        assert con.sql("SELECT time_period, obs_value FROM observations ORDER BY 1").fetchall() == [
            ("2023", 30.0),
            ("2024", 4.0),
        ]
        assert con.sql("SELECT count(*) FROM observations_as_of('2025-12-31')").fetchall() == [(0,)]
        assert con.sql("SELECT count(*) FROM observations_as_of('2026-01-01')").fetchall() == [(2,)]
        assert con.sql("SELECT number, reason, revised FROM releases").fetchall() == [
            (1, "first release", 0),
            (2, "source changed", 1),
        ]
    release(data_dir, {"2023": "30", "2024": "5"}, "3")
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:  # all of it, or nothing
        shown = "SELECT DISTINCT release FROM observations"
        assert con.sql(shown).fetchall() == [(2,)]
        assert catalogue.refresh(data_dir)
        assert con.sql(shown).fetchall() == [(2,)]
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        assert con.sql("SELECT max(obs_value) FROM observations WHERE release = 3").fetchall() == [
            (30.0,)
        ]


def test_the_past_of_two_releases_of_one_day(data_dir):
    release(data_dir, {"2023": "3"}, "1", at=datetime(2026, 1, 1, 9, tzinfo=UTC))
    release(data_dir, {"2023": "30", "2024": "4"}, "2", at=datetime(2026, 1, 1, 15, tzinfo=UTC))
    catalogue.refresh(data_dir)
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")

        def values(moment):
            query = f"SELECT obs_value FROM observations_as_of({moment}) ORDER BY time_period"
            return [value for (value,) in con.sql(query).fetchall()]

        assert values("TIMESTAMP '2026-01-01 08:59:59'") == []
        assert values("TIMESTAMP '2026-01-01 09:00:00'") == [3]
        assert values("'2026-01-01T17:00:00+07:00'") == [3]
        assert values("TIMESTAMP '2026-01-01 15:00:00'") == [30, 4]
        assert values("DATE '2026-01-01'") == values("'2026-01-01'") == [30, 4]
        assert values("DATE '2025-12-31'") == []
        assert con.sql(
            "SELECT release, change, time_period, old_value, new_value, new_status FROM changes"
            " ORDER BY ALL"
        ).fetchall() == [
            (1, "added", "2023", None, 3, "A"), (2, "added", "2024", None, 4, "A"),
            (2, "revised", "2023", 3, 30, "A"),
        ]


def test_a_release_as_of_a_moment_and_a_damaged_file(data_dir):
    stored, _ = release(data_dir, {"2023": "3"}, "1")
    assert releases.as_of(data_dir, stored.release.dataset, NOW) == stored
    earlier = datetime(2025, 1, 1, tzinfo=UTC)
    assert releases.as_of(data_dir, stored.release.dataset, earlier) is None
    assert stored.path("data.parquet").exists()
    stored.path("data.parquet").write_bytes(b"x")
    with pytest.raises(StoreError, match="not what its record says"):
        stored.path("data.parquet")


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_directory(tmp_path / "1") as aside:
        (aside / "data").write_text("x")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_never_replaced(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "kept").write_text("x")
    with pytest.raises(StoreError, match="another run"), atomic_directory(tmp_path / "1") as aside:
        (aside / "data").write_text("y")
    assert [p.name for p in (tmp_path / "1").iterdir()] == ["kept"]


def test_an_equal_file_is_not_rewritten(tmp_path):
    path = tmp_path / "x.txt"
    assert write_if_changed(path, "a")
    before = path.stat().st_mtime_ns
    assert not write_if_changed(path, "a") and path.stat().st_mtime_ns == before
    assert write_if_changed(path, "b")


def test_one_run_at_a_time(data_dir):
    with data_dir.run_lock(), pytest.raises(BusyError, match="another run"), data_dir.run_lock():
        raise AssertionError("two runs hold the lock")


def save(data_dir, text, etag="e"):
    path = Path(data_dir.root) / "body"
    path.write_text(text)
    part = Part(
        name="page.json",
        url="https://example.org/x",
        sha256=sha256_file(path),
        bytes=path.stat().st_size,
        etag=etag,
    )
    return snapshots.save(
        data_dir,
        "tourism/hotel_rooms",
        [(part, path)],
        protocol="files",
        options={},
        licence="CC-BY-4.0",
        retrieved=NOW,
    )


def test_snapshots_are_kept_by_checksum_and_the_last_one_is_current(data_dir):
    first, changed = save(data_dir, "a")
    assert changed
    second, changed = save(data_dir, "b")
    assert changed and second.folder != first.folder and first.folder.exists()
    again, changed = save(data_dir, "b")
    assert not changed and again.folder == second.folder
    back, changed = save(data_dir, "a")  # a source that goes back to what it said before
    assert changed and back.folder == first.folder
    assert snapshots.latest(data_dir, "tourism/hotel_rooms").folder == first.folder


def test_a_changed_snapshot_is_found_out(data_dir):
    stored, _ = save(data_dir, "a")
    snapshots.verify(stored)
    stored.part_path(stored.snapshot.parts[0]).write_text("tampered")
    with pytest.raises(StoreError, match="was changed after"):
        snapshots.verify(stored)
