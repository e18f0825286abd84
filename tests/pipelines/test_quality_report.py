"""Reports, incidents and the published history, from a record of a few judgements."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest

from model.records.quality_dimension import OUTCOMES, badness, worst_first
from model.records.validation import ReleaseBlocker, Score
from pipelines.quality.history import events, incidents, scores_csv
from pipelines.quality.report import groups, quality_report
from tests.fixtures.datasets import dataset
from tests.fixtures.releases import check
from tests.warehouse.test_validation_log import DATASET, NOW, inputs, keep, validated
from warehouse.store import validation_log
from warehouse.store.data_dir import DataDir

EMPTY = [{"kind": "empty"}]
BAD = check("total", outcome="failed", unexpected=2, evaluated=9)


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    """Four judgements: good, stopped, the same but for another reason, good again."""
    made = DataDir(tmp_path / "data")
    made.prepare()
    half = (Score(dimension="validity", good=1, of=2),)
    keep(made, validated(tmp_path / "1", ["2023"], checks=(check(), check("total"))), days=0)
    keep(made, validated(
        tmp_path / "2", ["2023"], checks=(check(), BAD), blockers=EMPTY, scores=half,
    ), days=1)
    keep(made, validated(
        tmp_path / "3", ["2022"], checks=(BAD,), blockers=EMPTY, scores=half,
    ), days=2)
    keep(made, validated(
        tmp_path / "4", ["2024"], checks=(check(), check("total"), check("new")),
        scores=(Score(dimension="validity", good=1, of=1),),
    ), days=3)
    return made


def test_the_report_has_the_history_of_each_check_of_the_newest_suite(data_dir: DataDir) -> None:
    report = quality_report(data_dir, dataset(), date(2026, 1, 5))
    strips = {item.name: [point.outcome for point in item.points] for item in report.checks}
    assert strips == {
        "not_empty": ["passed", "passed", None, "passed"],
        "total": ["passed", "failed", "failed", "passed"],
        "new": [None, None, None, "passed"],
    }
    # 2024 is due on 1 January 2026: each day after it costs a little.
    assert [(p.total, p.blocked) for p in report.trend] == [
        (72.22, False), (72.18, True), (72.14, True), (100, False),
    ]
    assert report.scorecard.total == 100 and report.scorecard.grade == "A"
    assert report.release is None and report.mqa is None and report.latest.number == 4


def test_a_dataset_that_was_never_validated_has_no_score(data_dir: DataDir) -> None:
    report = quality_report(data_dir, dataset(name="others"), date(2026, 1, 5))
    assert report.scorecard is None and report.trend == () and report.checks == ()
    sectors, city = groups([report, quality_report(data_dir, dataset(), date(2026, 1, 5))])
    assert [(item.id, item.datasets) for item in sectors] == [("tourism", 1)]
    assert city.total == 100
    assert groups([report]) == ([], None)


def test_incidents_are_listed_once_and_keep_their_id(data_dir: DataDir) -> None:
    happened = events(validation_log.log(data_dir, DATASET), 10)
    found = incidents(data_dir, happened, 10)
    assert [(item.kind, item.at.day) for item in found] == [
        ("recovered", 4), ("blocked", 2), ("failed", 2),
    ]
    assert (
        found[2].text.get("en") == "2 findings." and found[2].text.get("vi") == "2 chỗ không đạt."
    )
    assert incidents(data_dir, happened, 10) == found and len({item.id for item in found}) == 3
    assert incidents(data_dir, happened, 1) == found[:1]
    assert events(validation_log.log(data_dir, DATASET), 1) == happened[:1]


def test_the_published_history_has_the_last_validation_run_of_each_day(
    data_dir: DataDir, tmp_path: Path
) -> None:
    text = scores_csv(data_dir, {DATASET: dataset()})
    assert scores_csv(data_dir, {}) == "dataset,algorithm,day,indicator,value\n"
    rows = list(csv.DictReader(io.StringIO(text)))
    validity = {row["day"]: row["value"] for row in rows if row["indicator"] == "validity"}
    assert validity == {
        "2026-01-01": "50", "2026-01-02": "50", "2026-01-03": "50", "2026-01-04": "100",
    }
    blockers = [row["value"] for row in rows if row["indicator"] == "release_stopped"]
    assert blockers == ["0", "1", "1", "0"]
    assert {row["algorithm"] for row in rows} == {"1"}
    assert scores_csv(data_dir, {DATASET: dataset()}) == text
    keep(data_dir, validated(tmp_path / "5", ["2024"], scores=()), days=3)
    again = list(csv.DictReader(io.StringIO(scores_csv(data_dir, {DATASET: dataset()}))))
    assert ("2026-01-04", "validity") not in {(row["day"], row["indicator"]) for row in again}
    assert [row for row in again if row["day"] < "2026-01-04"] == [
        row for row in rows if row["day"] < "2026-01-04"
    ]


def test_the_worst_checks_come_first_and_others_stay_in_their_order() -> None:
    found = [
        check(name, outcome=outcome) for name, outcome in (
            ("a", "passed"), ("b", "not_evaluated"), ("c", "warned"), ("d", "failed"),
            ("e", "failed"),
        )
    ]
    assert [item.name for item in worst_first(found)] == ["d", "e", "c", "b", "a"]
    assert badness(None) > badness("passed") == len(OUTCOMES) - 1


def test_a_day_without_a_table_has_no_score_and_hides_none(data_dir: DataDir) -> None:
    stops = ({"kind": "unreadable", "error": "is no table"},)
    unmade = validation_log.record(data_dir, validation_log.log(data_dir, DATASET)[-1]).model_copy(
        update={
            "checks": (), "scores": (),
            "blockers": tuple(map(ReleaseBlocker.model_validate, stops)),
        }
    )
    validation_log.keep_unmade(data_dir, unmade, inputs("e"), "1", NOW + timedelta(days=4))
    report = quality_report(data_dir, dataset(), date(2026, 1, 6))
    assert report.latest.number == 5 and report.latest.blockers and report.scorecard.total > 99
    assert len(report.trend) == 4
    strips = {item.name: [point.outcome for point in item.points] for item in report.checks}
    assert strips["new"] == [None, None, None, "passed", None]
    rows = list(csv.DictReader(io.StringIO(scores_csv(data_dir, {DATASET: dataset()}))))
    last = {row["indicator"]: row["value"] for row in rows if row["day"] == "2026-01-05"}
    assert last["release_stopped"] == "1" and "total" not in last and "validity" not in last
