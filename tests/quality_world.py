"""Judgements made up from a seed, for what shows quality over time."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache

from model.dataset import Dataset
from model.hashing import canonical_json, pretty_json, sha256_bytes
from model.quality import CheckOutcome, Judgement
from model.records import CheckResult, QualityRecord, Score, Stop
from model.text import Bilingual
from warehouse import judgements
from warehouse.home import Home

CHECKS = 30
RECORDS = 30  # of so many days there are complete records: nobody asks for older ones


def judge_daily(
    home: Home, dataset: Dataset, days: int, last: date, chance: random.Random
) -> None:
    """Write a log of one judgement a day up to `last`.

    Most days find what the day before found; now and then a check begins to fail, for a week.
    """
    folder = home.judgements(dataset.id)
    folder.mkdir(parents=True)
    names = [f"check_{n}" for n in range(CHECKS)]
    lines: list[Judgement] = []
    failing: dict[str, int] = {}
    for day in range(days):
        failing = {name: left - 1 for name, left in failing.items() if left > 1}
        if chance.random() < 0.1:
            failing[chance.choice(names)] = 7
        sha256 = f"{day:064d}"
        if day >= days - RECORDS:
            text = pretty_json(_record(dataset, names, failing))
            sha256 = sha256_bytes(text.encode())
            (folder / f"{sha256}.json").write_text(text, encoding="utf-8")
        at = datetime.combine(last - timedelta(days=days - 1 - day), datetime.min.time(), UTC)
        lines.append(Judgement(
            dataset=dataset.id, number=day + 1, at=at, inputs_sha256=f"{day:064d}",
            snapshot_sha256=f"{day:064d}", record_sha256=sha256, data_sha256=f"{day:064d}",
            algorithm="1", rows_read=1_000,
            stopped=(Stop(kind="empty"),) if len(failing) > 2 else None,
            rows_released=1_000, rows_quarantined=len(failing),
            period_last=str(at.year - 1), scores=_scores(len(failing)),
            passed=tuple(name for name in names if name not in failing),
            open=tuple(
                CheckOutcome(name=name, outcome="failed", evaluated=1_000, unexpected=3)
                for name in failing
            ),
        ))
    text = "".join(canonical_json(line) + "\n" for line in lines)
    (folder / judgements.LOG).write_text(text, encoding="utf-8")


def _record(dataset: Dataset, names: list[str], failing: dict[str, int]) -> QualityRecord:
    sample = {"indicator": "A", "ref_area": "VNM", "time_period": "2020", "obs_value": 1.5}
    checks = tuple(
        CheckResult(
            name=name, expectation="expect_column_values_to_not_be_null",
            kwargs={"column": "obs_value"}, severity="warning", level="row",
            title=Bilingual(vi=f"Phép kiểm tra {name}", en=f"The check {name}"),
            outcome="failed" if name in failing else "passed", evaluated=1_000,
            unexpected=3 if name in failing else 0, duration_ms=1.5,
            samples=(sample,) * 3 if name in failing else (),
        )
        for name in names
    )
    return QualityRecord(
        dataset=dataset.id, suite_sha256="0" * 64, versions={"scores": "1"}, rows_read=1_000,
        rows_released=1_000, rows_quarantined=len(failing), tolerance=0.01, checks=checks,
        duration_ms=50,
        scores=_scores(len(failing)),
    )


@cache
def _scores(failing: int) -> tuple[Score, ...]:
    return (
        Score(dimension="completeness", good=990, of=1_000),
        Score(dimension="validity", good=1_000 - failing, of=1_000),
        Score(dimension="uniqueness", good=1_000, of=1_000),
        Score(dimension="consistency", good=CHECKS - failing, of=CHECKS),
    )
