"""The validation log: every validation run, also of blocked releases.

    validation_log/<sector>/<dataset>/log.jsonl       one line for each validation run, append-only
    validation_log/<sector>/<dataset>/<sha256>.json   its complete record, named by its checksum

A run with the result of the last one, on the same inputs, is not logged again, however long it
took: a run without news writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import StoreError
from model.records.release import Inputs
from model.records.validation import QualityRecord
from model.records.validation_log import CheckOutcome, ValidationRun
from model.reference.periods import frequency_of, period_end
from model.util.disk import write_if_changed
from model.util.hashing import has_checksum, pretty_json, sha256_bytes, sha256_file
from model.util.sql import literal
from warehouse.engine import connect
from warehouse.store.atomic import append_log, read_log
from warehouse.store.data_dir import DataDir

if TYPE_CHECKING:  # `list` reads releases without DuckDB and pyarrow, which take 0.2 s
    from warehouse.store.working_tables import Validated

LOG = "log.jsonl"


def datasets(data_dir: DataDir) -> list[str]:
    """Return the ids of all datasets that were ever validated."""
    found = (data_dir.root / "validation_log").glob(f"*/*/{LOG}")
    return sorted("/".join(path.parts[-3:-1]) for path in found)


def log_path(data_dir: DataDir, dataset: str) -> Path:
    """Return the file of the log of a `dataset` in `data_dir`."""
    return data_dir.validation_runs(dataset) / LOG


def log(data_dir: DataDir, dataset: str) -> list[ValidationRun]:
    """Return the validation runs of a `dataset` in `data_dir`, oldest first.

    Raises:
        StoreError: the log is damaged.
    """
    todo = "restore it from a backup: it is the history of the dataset's quality"
    return read_log(log_path(data_dir, dataset), ValidationRun, "the validation log", todo)


def record(data_dir: DataDir, validation_run: ValidationRun) -> QualityRecord:
    """Return the complete record of a `validation_run` in `data_dir`: every check with its samples.

    Raises:
        StoreError: it is missing, or not what the log says.
    """
    path = data_dir.validation_runs(validation_run.dataset) / f"{validation_run.record_sha256}.json"
    try:
        data = path.read_bytes()
        if sha256_bytes(data) == validation_run.record_sha256:
            return QualityRecord.model_validate_json(data)
        problem = "it is not what the log says"
    except (OSError, ValueError) as error:
        problem = str(error)
    raise StoreError(
        f"the record of a validation run cannot be read: {problem}", where=str(path),
        todo="restore it from a backup",
    )


def keep(
    data_dir: DataDir, validated: Validated, inputs: Inputs, algorithm: str, now: datetime,
    projections: Collection[str] = (),
) -> tuple[ValidationRun, bool]:
    """Log a validation run, unless it repeats the last one.

    Args:
        data_dir: the data folder.
        validated: the validated data and the result.
        inputs: what the table and the validation run were made from.
        algorithm: version of the scores.
        now: when.
        projections: the indicators whose periods say nothing about freshness.

    Returns:
        The validation run, or the last one where it repeats it; and whether it was logged now.

    Raises:
        StoreError: full, read-only, forbidden, or the log is damaged.
    """
    return _keep(
        data_dir, validated.quality, inputs, algorithm, now, sha256_file(validated.data),
        _period_last(data_dir, validated.data, validated.quality.rows_released, projections),
    )


def keep_unmade(
    data_dir: DataDir, quality: QualityRecord, inputs: Inputs, algorithm: str, now: datetime
) -> tuple[ValidationRun, bool]:
    """Log that no table could be made, unless the last run says so already: `quality` says why.

    The arguments, what is returned and what is raised are those of `keep`.
    """
    return _keep(data_dir, quality, inputs, algorithm, now, data_sha256="", period_last=None)


def _keep(
    data_dir: DataDir, quality: QualityRecord, inputs: Inputs, algorithm: str, now: datetime,
    data_sha256: str, period_last: str | None,
) -> tuple[ValidationRun, bool]:
    before = log(data_dir, quality.dataset)
    text = pretty_json(quality)
    made = ValidationRun(
        dataset=quality.dataset,
        number=before[-1].number + 1 if before else 1,
        at=now,
        inputs_sha256=inputs.sha256,
        snapshot_sha256=inputs.snapshot_sha256,
        record_sha256=sha256_bytes(text.encode()),
        data_sha256=data_sha256,
        algorithm=algorithm,
        blockers=quality.blockers,
        rows_read=quality.rows_read,
        rows_released=quality.rows_released,
        rows_quarantined=quality.rows_quarantined,
        period_last=period_last,
        scores=quality.scores,
        passed=tuple(check.name for check in quality.checks if check.outcome == "passed"),
        open=tuple(
            CheckOutcome(
                name=check.name, outcome=check.outcome, evaluated=check.evaluated,
                unexpected=check.unexpected,
            )
            for check in quality.checks
            if check.outcome != "passed"
        ),
    )
    if before and _same(data_dir, before[-1], inputs.sha256, data_sha256, quality):
        return before[-1], False
    folder = data_dir.validation_runs(quality.dataset)
    if before and made == before[-1].model_copy(update={"number": made.number, "at": now}):
        write_if_changed(folder / f"{made.record_sha256}.json", text)  # it was lost or damaged
        return before[-1], True
    write_if_changed(folder / f"{made.record_sha256}.json", text)
    append_log(folder / LOG, [made])
    return made, True


def is_logged(data_dir: DataDir, validated: Validated, inputs: Inputs) -> bool:
    """Return whether the last line of the log in `data_dir` says what a run found.

    It found what is `validated`; the table and the run were made from the `inputs`.

    Raises:
        StoreError: the log is damaged.
    """
    before = log(data_dir, validated.quality.dataset)
    return bool(before) and _same(
        data_dir, before[-1], inputs.sha256, sha256_file(validated.data), validated.quality
    )


def of_data(history: list[ValidationRun], data_sha256: str) -> ValidationRun | None:
    """Return the newest run of a `history` that validated the data with this checksum, or None.

    `data_sha256` is that of the table.
    """
    return next((item for item in reversed(history) if item.data_sha256 == data_sha256), None)


def _same(
    data_dir: DataDir, before: ValidationRun, inputs_sha256: str, data_sha256: str,
    quality: QualityRecord,
) -> bool:
    if (before.inputs_sha256, before.data_sha256) != (inputs_sha256, data_sha256):
        return False
    sha256 = sha256_bytes(pretty_json(quality).encode())
    if before.record_sha256 == sha256:
        return has_checksum(data_dir.validation_runs(before.dataset) / f"{sha256}.json", sha256)
    try:
        logged = record(data_dir, before)
    except StoreError as error:  # this run's record is written beside it
        logging.getLogger(__name__).warning("%s", error)
        return False
    return pretty_json(logged.without_durations()) == pretty_json(quality.without_durations())


def _period_last(
    data_dir: DataDir, data: Path, rows: int, projections: Collection[str]
) -> str | None:
    """Return the newest period that is no forecast or projection.

    Year to date does not sort as text.
    """
    listed = ", ".join(map(literal, sorted(projections)))
    observed = f" AND indicator NOT IN ({listed})" if listed else ""
    with connect(data_dir.root / "tmp", rows) as con:
        found = con.execute(
            f"SELECT DISTINCT time_period FROM read_parquet({literal(data)})"
            f" WHERE obs_status IS DISTINCT FROM 'F'{observed}"
        ).fetchall()
    periods = [period for (period,) in found if period and frequency_of(period)]
    return max(periods, key=period_end, default=None)
