"""Data for the benchmarks: a declaration, one-row releases, validation logs made up from a seed.

Benchmarks import nothing from `tests/`; tests may use what is here.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.declarations.dataset import Dataset
from model.records.release import Changes, FileRecord, Release
from model.records.validation import CheckResult, QualityRecord, ReleaseBlocker, Score
from model.records.validation_log import CheckOutcome, ValidationRun
from model.util.hashing import canonical_json, pretty_json, sha256_bytes, sha256_file
from model.util.text import LocalizedText
from pipelines.catalogue import load_catalogue
from pipelines.settings import Settings
from warehouse.store import validation_log
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

Row = dict[str, Any]

CHECKS = 30
RECORDS = 60  # days with a complete record: the pages read no older ones


@cache
def sample_dataset(dataset_id: str = "finance/gdp") -> Dataset:
    """Return a dataset of the project; by default a yearly one without further dimensions."""
    return load_catalogue(Settings.from_environment()).declarations[dataset_id].dataset


def write_release(
    folder: Path, dataset: Dataset, issued: datetime, years: range = range(2020, 2021)
) -> StoredRelease:
    """Write a first release with made-up rows: one for each year, and one in quarantine.

    Args:
        folder: of the release, `releases/<dataset>/1`; must not exist.
        dataset: its declaration; every dimension gets the code "A".
        issued: date of the release.
        years: what the released rows are of.
    """
    folder.mkdir(parents=True)
    indicator, described = next(iter(dataset.indicators.items()))
    rows: list[Row] = [
        {
            **dict.fromkeys(dataset.columns),
            "indicator": indicator, "ref_area": "VNM", "geo_vintage": "ISO", "freq": "A",
            "time_period": str(year), "obs_value": float(year * 7 % 1000),
            "unit_measure": described.unit, "obs_status": "A",
            **dict.fromkeys(dataset.dimensions, "A"),
        }
        for year in years
    ]
    changes = [
        {
            "change": "added", **{name: row[name] for name in dataset.key}, "old_value": None,
            "new_value": row["obs_value"], "old_status": None, "new_status": "A",
            "unit_measure": described.unit,
        }
        for row in rows
    ]
    place = {"_part": "a.csv", "_row": 7, "_column": "B", "_original": None, "reasons": ["check_1"]}
    _write_rows(folder / "data.parquet", rows)
    _write_rows(folder / "changes.parquet", changes)
    _write_rows(folder / "quarantine.parquet", [rows[0] | place])
    quality = _record(dataset, ["check_1"], {"check_1": 1}).model_copy(
        update={"rows_read": len(rows) + 1, "rows_released": len(rows), "rows_quarantined": 1}
    )
    (folder / "quality.json").write_text(pretty_json(quality), encoding="utf-8")
    release = Release(
        dataset=dataset.id, number=1, issued=issued, reason="first release",
        inputs_sha256="1" * 64, snapshot_sha256="2" * 64, declaration_sha256="3" * 64,
        suite_sha256="0" * 64, code_version="bench", rows=len(rows), quarantined=1,
        changes=Changes(added=len(rows), revised=0, withdrawn=0),
        period_first=rows[0]["time_period"], period_last=rows[-1]["time_period"],
        files=tuple(
            FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
            for path in sorted(folder.iterdir())
        ),
        declaration=dataset.model_dump(mode="json"),
    )
    (folder / "release.json").write_text(pretty_json(release), encoding="utf-8")
    return StoredRelease(release, folder)


def _write_rows(path: Path, rows: list[Row]) -> None:
    types = {
        "obs_value": pa.float64(), "old_value": pa.float64(), "new_value": pa.float64(),
        "_row": pa.int64(), "reasons": pa.list_(pa.string()),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


def write_validation_runs(
    data_dir: DataDir, dataset: Dataset, days: int, last: date, chance: random.Random
) -> None:
    """Write a log with one validation run a day.

    Most days find what the day before found; one day in ten a check begins to fail, for a week.

    Args:
        data_dir: the data folder.
        dataset: whose log it is.
        days: how many runs.
        last: day of the last run.
        chance: decides which checks fail; the same seed gives the same log.
    """
    folder = data_dir.validation_runs(dataset.id)
    folder.mkdir(parents=True)
    names = [f"check_{n}" for n in range(CHECKS)]
    lines: list[ValidationRun] = []
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
        lines.append(ValidationRun(
            dataset=dataset.id, number=day + 1, at=at, inputs_sha256=f"{day:064d}",
            snapshot_sha256=f"{day:064d}", record_sha256=sha256, data_sha256=f"{day:064d}",
            algorithm="1", rows_read=1_000,
            blockers=(ReleaseBlocker(kind="empty"),) if len(failing) > 2 else None,
            rows_released=1_000, rows_quarantined=len(failing),
            period_last=str(at.year - 1), scores=_scores(len(failing)),
            passed=tuple(name for name in names if name not in failing),
            open=tuple(
                CheckOutcome(name=name, outcome="failed", evaluated=1_000, unexpected=3)
                for name in failing
            ),
        ))
    text = "".join(canonical_json(line) + "\n" for line in lines)
    (folder / validation_log.LOG).write_text(text, encoding="utf-8")


def made_up_record(dataset: Dataset, chance: random.Random, rows: int) -> QualityRecord:
    """Return a record of a `dataset`'s validation in which the times differ, and little else."""
    record = _record(dataset, [f"check_{n}" for n in range(CHECKS)], {})
    checks = tuple(
        check.model_copy(update={"duration_ms": round(chance.uniform(0.1, 9), 3)})
        for check in record.checks
    )
    return record.model_copy(
        update={"checks": checks, "rows_read": rows, "rows_released": rows, "rows_quarantined": 0}
    )


def _record(dataset: Dataset, names: list[str], failing: dict[str, int]) -> QualityRecord:
    sample = {"indicator": "A", "ref_area": "VNM", "time_period": "2020", "obs_value": 1.5}
    checks = tuple(
        CheckResult(
            name=name, expectation="expect_column_values_to_not_be_null",
            kwargs={"column": "obs_value"}, severity="warning", level="row",
            title=LocalizedText(vi=f"Phép kiểm tra {name}", en=f"The check {name}"),
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
