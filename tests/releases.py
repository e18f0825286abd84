"""Small releases on disk, as the warehouse writes them, for tests of the portals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model.dataset import Dataset
from model.hashing import pretty_json, sha256_file
from model.records import Changes, CheckResult, Decision, FileRecord, QualityRecord, Release
from model.text import Bilingual

Row = dict[str, Any]


@dataclass(frozen=True)
class ReleaseOnDisk:
    """A release and its folder; satisfies `portal.base.ReleaseFiles`."""

    release: Release
    quality: QualityRecord
    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name


def row(**values: Any) -> Row:
    """Return an observation with usual values."""
    usual = {
        "indicator": "ROOMS", "ref_area": "48", "geo_vintage": "VN:2008-08-01", "freq": "A",
        "time_period": "2020", "obs_value": 1.0, "unit_measure": "count", "obs_status": "A",
        "obs_note": None,
    }
    return {**usual, **values}


def check(name: str = "not_empty", **changes: Any) -> CheckResult:
    """Return the result of a check."""
    values: dict[str, Any] = {
        "name": name, "expectation": "expect_table_row_count_to_be_between", "kwargs": {},
        "severity": "critical", "level": "table",
        "title": Bilingual(vi="Có ít nhất một dòng", en="There is at least one row"),
        "outcome": "passed", "evaluated": 3, "unexpected": 0,
    }
    return CheckResult.model_validate({**values, **changes})


def make_release(
    folder: Path,
    dataset: Dataset,
    rows: list[Row],
    *,
    number: int = 1,
    changes: list[Row] | None = None,
    held: list[Row] | None = None,
    checks: tuple[CheckResult, ...] | None = None,
    reason: str | None = None,
    decision: Decision | None = None,
) -> ReleaseOnDisk:
    """Write a release; `changes` and `held` are rows of those tables, given in full."""
    folder.mkdir(parents=True)
    rows = sorted(rows, key=lambda item: [str(item[name]) for name in dataset.key])
    changes = changes if changes is not None else [_added(dataset, item) for item in rows]
    held = held or []
    _write(folder / "data.parquet", list(dataset.columns), rows)
    key = list(dataset.key)
    change_columns = [
        "change", *key, "old_value", "new_value", "old_status", "new_status", "unit_measure",
    ]
    _write(folder / "changes.parquet", change_columns, changes)
    held_columns = [*dataset.columns, "_part", "_row", "_column", "_original", "reasons"]
    _write(folder / "quarantine.parquet", held_columns, held)
    quality = QualityRecord(
        dataset=dataset.id, suite_sha256="0" * 64, versions={}, rows_read=len(rows) + len(held),
        rows_released=len(rows), rows_quarantined=len(held), tolerance=dataset.tolerance,
        checks=checks if checks is not None else (check(),),
    )
    (folder / "quality.json").write_text(pretty_json(quality), encoding="utf-8")
    periods = [item["time_period"] for item in rows]
    counts = [sum(c["change"] == kind for c in changes) for kind in _KINDS]
    release = Release(
        dataset=dataset.id, number=number,
        issued=datetime(2026, 11, 20 + number, 2, 3, 4, tzinfo=UTC),
        reason=reason or ("first release" if number == 1 else "source changed"),  # type: ignore[arg-type]
        inputs_sha256="1" * 64, snapshot_sha256="2" * 64, declaration_sha256="3" * 64,
        suite_sha256="0" * 64, code_version="test", rows=len(rows), quarantined=len(held),
        changes=Changes(added=counts[0], revised=counts[1], withdrawn=counts[2]),
        period_first=min(periods, default=None), period_last=max(periods, default=None),
        files=tuple(_record(path) for path in sorted(folder.iterdir())),
        declaration=dataset.model_dump(mode="json"), decision=decision,
    )
    (folder / "release.json").write_text(pretty_json(release), encoding="utf-8")
    return ReleaseOnDisk(release, quality, folder)


_KINDS = ("added", "revised", "withdrawn")


def _added(dataset: Dataset, item: Row) -> Row:
    return {
        "change": "added", **{name: item[name] for name in dataset.key}, "old_value": None,
        "new_value": item["obs_value"], "old_status": None, "new_status": item["obs_status"],
        "unit_measure": item["unit_measure"],
    }


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    arrays = [pa.array([item.get(name) for item in rows], _type(name)) for name in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=columns), path, compression="zstd")


def _type(column: str) -> pa.DataType:
    if column in ("obs_value", "old_value", "new_value"):
        return pa.float64()
    if column == "_row":
        return pa.int64()
    return pa.list_(pa.string()) if column == "reasons" else pa.string()


def _record(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)
