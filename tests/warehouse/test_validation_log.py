"""The record of judgements: kept once, never changed, and what people accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from model.errors import StoreError
from model.records.release import Inputs
from model.records.validation import QualityRecord, Score
from model.records.validation_log import Acceptance, row_sha256
from model.util.hashing import pretty_json, sha256_file
from tests.fixtures.releases import check, row
from warehouse.store import acceptances, catalogue, failure_log, validation_log
from warehouse.store.data_dir import DataDir
from warehouse.store.working_tables import Validated

DATASET = "tourism/hotel_rooms"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    made = DataDir(tmp_path / "data")
    made.prepare()
    return made


EMPTY = [{"kind": "empty"}]


def validated(
    folder: Path, periods: list[str], statuses: str = "A", **changes: object
) -> Validated:
    """Write what a judgement leaves, as the warehouse does."""
    folder.mkdir(parents=True, exist_ok=True)
    values = ", ".join(f"('{p}', '{s}')" for p, s in zip(periods, statuses * 9, strict=False))
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {values}) AS t(time_period, obs_status))"
        f" TO '{folder / 'data.parquet'}' (FORMAT PARQUET)"
    )
    quality = QualityRecord.model_validate({
        "dataset": DATASET, "suite_sha256": "0" * 64, "versions": {}, "rows_read": len(periods),
        "rows_released": len(periods), "rows_quarantined": 0, "tolerance": 0.1,
        "checks": (check(), check("areas", outcome="warned", unexpected=1)),
        "scores": (Score(dimension="validity", good=1, of=2),), **changes,
    })
    (folder / "quality.json").write_text(pretty_json(quality))
    return Validated(folder, quality)


def inputs(snapshot: str = "a") -> Inputs:
    return Inputs(snapshot * 64, "d" * 64, "s" * 64, "code")


def keep(data_dir: DataDir, found: Validated, snapshot: str = "a", days: int = 0):
    return validation_log.keep(data_dir, found, inputs(snapshot), "1", NOW + timedelta(days=days))


def test_projections_say_nothing_about_freshness(data_dir: DataDir, tmp_path: Path) -> None:
    found = validated(tmp_path / "v", ["2024", "2031"])
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES ('2024', 'A', 'X'), ('2031', 'A', 'Y'))"
        " AS t(time_period, obs_status, indicator))"
        f" TO '{found.data}' (FORMAT PARQUET)"
    )
    made, _ = validation_log.keep(data_dir, found, inputs(), "1", NOW, {"Y"})
    assert made.period_last == "2024"


def test_a_validation_run_is_kept_with_its_findings(data_dir: DataDir, tmp_path: Path) -> None:
    made, new = keep(data_dir, validated(tmp_path / "v", ["2023", "2024"]))
    assert new and made.number == 1 and made.at == NOW and made.period_last == "2024"
    assert made.passed == ("not_empty",)
    assert [(item.name, item.outcome, item.unexpected) for item in made.open] == [
        ("areas", "warned", 1)
    ]
    assert validation_log.log(data_dir, DATASET) == [made]
    assert validation_log.datasets(data_dir) == [DATASET]
    assert validation_log.record(data_dir, made).checks[1].outcome == "warned"
    assert made.score("validity").percent == 50 and made.score("timeliness") is None


def test_the_same_again_writes_nothing_and_anything_else_adds_a_line(
    data_dir: DataDir, tmp_path: Path
) -> None:
    first = validated(tmp_path / "v", ["2023"])
    keep(data_dir, first)
    folder = data_dir.validation_runs(DATASET)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    again, new = keep(data_dir, first, days=1)
    assert not new and again.at == NOW
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert keep(data_dir, first, snapshot="b", days=2)[1]
    blockers, new = keep(data_dir, validated(tmp_path / "w", ["2023"], blockers=EMPTY), "b", 3)
    assert new and [stop.kind for stop in blockers.blockers] == ["empty"]
    history = validation_log.log(data_dir, DATASET)
    assert [item.number for item in history] == [1, 2, 3]
    assert validation_log.of_data(history, sha256_file(first.data)).number == 3
    assert validation_log.of_data(history, "f" * 64) is None


def test_a_duration_alone_makes_no_new_validation_run(data_dir: DataDir, tmp_path: Path) -> None:
    def outcome(folder: str, duration: float | None, **changes: object) -> Validated:
        found = check(duration_ms=duration, **changes)
        return validated(tmp_path / folder, ["2023"], checks=(found,), duration_ms=duration)

    made, new = keep(data_dir, outcome("a", 12.5))
    assert new and validation_log.record(data_dir, made).duration_ms == 12.5
    files = sorted(data_dir.validation_runs(DATASET).iterdir())
    for folder, duration in (("b", 11.0), ("c", None)):
        assert keep(data_dir, outcome(folder, duration), days=1) == (made, False)
    assert sorted(data_dir.validation_runs(DATASET).iterdir()) == files
    assert keep(data_dir, outcome("d", 12.5, evaluated=4), days=2)[1]


@pytest.mark.parametrize(
    ("periods", "statuses", "last"),
    [
        (["2024-01-01/P6M", "2024-01-01/P12M"], "A", "2024-01-01/P12M"),  # not in text's order
        (["2024", "2030"], "AF", "2024"),  # a forecast is no news
        (["rubbish"], "A", None),
    ],
)
def test_the_newest_period_is_the_newest_that_is_no_forecast(
    data_dir: DataDir, tmp_path: Path, periods: list[str], statuses: str, last: str | None
) -> None:
    assert keep(data_dir, validated(tmp_path / "v", periods, statuses))[0].period_last == last


def test_a_changed_record_is_reported(data_dir: DataDir, tmp_path: Path) -> None:
    made, _ = keep(data_dir, validated(tmp_path / "v", ["2023"]))
    path = data_dir.validation_runs(DATASET) / f"{made.record_sha256}.json"
    path.write_text(path.read_text().replace('"warned"', '"passed"'))
    with pytest.raises(StoreError, match="not what the log says"):
        validation_log.record(data_dir, made)
    (data_dir.validation_runs(DATASET) / "log.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match="the validation log cannot be read"):
        validation_log.log(data_dir, DATASET)


def test_the_catalogue_shows_the_history(data_dir: DataDir, tmp_path: Path) -> None:
    from tests.warehouse.test_releases import release

    release(data_dir, {"2020": "1"}, "a" * 64)
    assert catalogue.refresh(data_dir)
    keep(data_dir, validated(tmp_path / "v", ["2023"]))
    keep(data_dir, validated(tmp_path / "w", ["2023"], blockers=EMPTY), days=1)
    assert catalogue.refresh(data_dir) and not catalogue.refresh(data_dir)  # there is a log now
    with duckdb.connect(str(data_dir.catalogue), read_only=True) as con:
        found = con.sql(
            "SELECT validation_run, blockers, checks_passed, checks_warned, checks_failed"
            " FROM quality_history"
        ).fetchall()
        assert found == [(1, None, 1, 1, 0), (2, ["empty"], 1, 1, 0)]
        found = con.sql(
            "SELECT validation_run, algorithm, dimension, percent FROM scores"
        ).fetchall()
        assert found == [(1, "1", "validity", 50), (2, "1", "validity", 50)]


def accepted(value: float, checks: tuple[str, ...] = ("b", "a")) -> Acceptance:
    values = row(obs_value=value)
    return Acceptance(
        dataset=DATASET, row_sha256=row_sha256(values), row=values, checks=checks, by="An",
        at=NOW, reason="Đúng như báo cáo",
    )


def test_acceptances_are_added_and_have_a_version(data_dir: DataDir) -> None:
    assert acceptances.load(data_dir, DATASET) == [] and acceptances.version([]) is None
    acceptances.add(data_dir, DATASET, [accepted(1.0)])
    first = acceptances.version(acceptances.load(data_dir, DATASET))
    acceptances.add(data_dir, DATASET, [accepted(2.0)])
    found = acceptances.load(data_dir, DATASET)
    assert [item.row["obs_value"] for item in found] == [1.0, 2.0]
    assert first is not None and acceptances.version(found) not in (None, first)
    assert acceptances.version(found[::-1]) == acceptances.version(found)
    data_dir.acceptances(DATASET).write_text("{\n")
    with pytest.raises(StoreError, match="the log of what was accepted cannot be read"):
        acceptances.load(data_dir, DATASET)


def test_accepted_rows_are_one_of_a_releases_inputs() -> None:
    plain = inputs()
    assert plain.sha256 != Inputs("a" * 64, "d" * 64, "s" * 64, "code", "x").sha256
    assert plain.sha256 == Inputs("a" * 64, "d" * 64, "s" * 64, "other code").sha256


def test_a_failure_is_kept_until_it_is_resolved(data_dir: DataDir) -> None:
    from model.errors import UnreachableError
    from pipelines.steps.progress import FailureLog

    book = FailureLog(data_dir)
    book.finished(DATASET, "snapshot", True)
    assert not data_dir.failures.exists()  # nothing is written where nothing fails
    book.failed(DATASET, "snapshot", UnreachableError("no answer", where="https://a.vn/x?y"))
    [found] = failure_log.opened(data_dir)
    assert found.cause == "source a.vn" and found.kind == "UnreachableError"
    book.finished(DATASET, "table", True)
    assert failure_log.opened(data_dir) == [found]
    book.finished(DATASET, "snapshot", False)
    assert failure_log.opened(data_dir) == []
    (data_dir.failures / "x").mkdir()
    (data_dir.failures / "x" / "y.json").write_text(json.dumps({"dataset": 1}))
    [unread] = failure_log.opened(data_dir)  # says so; the channels are still notified of the rest
    assert unread.dataset == "x/y" and "cannot be read" in unread.what
    book.finished("x/y", "snapshot", False)
    assert failure_log.opened(data_dir) == []


def test_a_table_that_could_not_be_made_is_kept_once_and_resolved_by_the_next(
    data_dir: DataDir, tmp_path: Path
) -> None:
    keep(data_dir, validated(tmp_path / "v", ["2023"]))
    unmade = validated(
        tmp_path / "w", ["2023"], checks=(), scores=(),
        blockers=[{"kind": "unreadable", "error": "is no table", "where": "a.csv:3"}],
    ).quality
    for days in (1, 2):
        made, new = validation_log.keep_unmade(
            data_dir, unmade, inputs("b"), "1", NOW + timedelta(days=days)
        )
        assert new is (days == 1)
        assert not made.made and made.number == 2 and made.at == NOW + timedelta(days=1)
    keep(data_dir, validated(tmp_path / "x", ["2023"]), days=3)  # the very same table as before
    assert [item.made for item in validation_log.log(data_dir, DATASET)] == [True, False, True]
