"""Validate: run the suite on the table, quarantine failing rows, log the validation run."""

from collections.abc import Sequence

import duckdb

from expectations import suites
from expectations.checks.declared import KEY_CHECK
from expectations.disclosure_control.small_cells import (
    suppress,
    suppressed,
    with_suppression,
)
from expectations.runner.parts import Parts
from expectations.runner.release_decision import located
from expectations.runner.validate import Relations, validate
from expectations.scoring import scores
from expectations.suites.suite import Suite
from model.errors import DriftError, OpenIndicatorsError, QualityError
from model.records import release_blockers
from model.records.source_schema import SourceSchema
from model.records.validation import QualityRecord, ReleaseBlocker
from model.records.validation_log import Acceptance, CheckAcceptance, ValidationRun
from model.reference import personal_data
from model.reference.personal_data import masked_record
from model.util.hashing import sha256_json
from pipelines.cluster.validate import TableParts
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.clean import make_table, read_snapshot, table_inputs
from pipelines.steps.comparison_releases import paths, releases_to_compare, version
from pipelines.steps.progress import Clock
from sources.connectors.registry import options_of
from warehouse.cleaning.drift import schema_check
from warehouse.cleaning.schema_inspection import read_columns
from warehouse.duplicate_keys import duplicate_cause
from warehouse.store import acceptances, validation_log, working_tables
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot
from warehouse.store.working_tables import Validated


def validate_table(bound: BoundDataset, data_dir: DataDir) -> Validated:
    """Run the suite on the table of `bound`; write what may be released and what is quarantined.

    `data_dir` has the table, and the releases that the suite compares it with.

    Raises:
        ReadError, StoreError: as `make_table`.
    """
    table, _ = make_table(bound, data_dir)
    accepted, checks, compared, validated_by = _validated_by(bound, data_dir)
    stored = bound.last_snapshot(data_dir)
    cluster = bound.cluster_for(stored)
    parts = TableParts(cluster, bound.dataset, table) if cluster else None

    def run(con: duckdb.DuckDBPyConnection, relation: str) -> QualityRecord:
        quality = run_suite(
            bound, con, relation, bound.suite, paths(compared), accepted, checks, parts
        )
        quality = _with_cause(bound, stored, con, relation, quality)
        complete = _with_source_schema(quality, working_tables.read_source_schema(table))
        # Records are kept for good and name no person; the quarantine keeps each row whole.
        scored = masked_record(scores.scored(con, relation, bound.dataset, complete))
        return scored if bound.timed else scored.without_durations()

    with data_dir.dataset_lock(bound.dataset.id):
        return working_tables.write_validated(
            data_dir, bound.dataset, table, validated_by, run,
            in_place=bool(suppressed(bound.dataset)),
        )


def find_validated(bound: BoundDataset, data_dir: DataDir) -> Validated | None:
    """Return what `validate_table` has written of the last snapshot of `bound`; None where nothing.

    `data_dir` has the snapshot, and the releases that the suite compares it with.

    Raises:
        StoreError: no snapshot yet, or a record is damaged.
    """
    inputs = table_inputs(bound, bound.last_snapshot(data_dir))
    table = working_tables.table_folder(data_dir, bound.dataset.id, inputs)
    folder = working_tables.validated_folder(table, _validated_by(bound, data_dir)[-1])
    whole = working_tables.is_whole(table) and working_tables.is_whole(folder)
    return working_tables.read_validated(folder) if whole else None


def _validated_by(bound: BoundDataset, data_dir: DataDir) -> tuple[
    list[Acceptance], list[CheckAcceptance], dict[str, list[StoredRelease]], str
]:
    """Return accepted rows and checks, the releases to compare with, and the checksum of all that
    decides about the outcome of a validation.
    """
    accepted = acceptances.load(data_dir, bound.dataset.id)
    inputs = bound.inputs(data_dir)
    checks = acceptances.load_checks(data_dir, bound.dataset.id, inputs.snapshot_sha256)
    compared = releases_to_compare(data_dir, bound.dataset, bound.suite, inputs.sha256)
    return accepted, checks, compared, sha256_json([
        bound.suite.sha256, suites.VERSION, scores.ALGORITHM, personal_data.PATTERNS,
        acceptances.version(accepted, checks), version(compared),
    ])


def _with_cause(
    bound: BoundDataset, stored: StoredSnapshot, con: duckdb.DuckDBPyConnection, relation: str,
    quality: QualityRecord,
) -> QualityRecord:
    """Add the likely cause of repeated keys, where there are any."""
    if not any(check.name == KEY_CHECK and check.unexpected for check in quality.checks):
        return quality
    rules = {**options_of(bound.source).columns, **bound.source.columns}
    cause = duplicate_cause(
        con, relation, bound.dataset.key, lambda: read_snapshot(bound, stored),
        read_columns(rules) | set(bound.source.where), rules["obs_value"].column,
    )
    update = {"cause": cause}
    return quality.model_copy(update={
        "checks": tuple(
            check.model_copy(update=update) if check.name == KEY_CHECK else check
            for check in quality.checks
        ),
        "blockers": quality.blockers and tuple(
            blocker.model_copy(update={"checks": tuple(
                check.model_copy(update=update) if check.name == KEY_CHECK else check
                for check in blocker.checks
            )}) for blocker in quality.blockers
        ),
    })


def _with_source_schema(quality: QualityRecord, source_schema: SourceSchema) -> QualityRecord:
    """Add the checks of the source schema, and its release blocker where it drifted."""
    blocker = schema_check.blocker_of(source_schema.drift)
    check = schema_check.as_check(source_schema.drift, len(source_schema.columns))
    unread = schema_check.unread_check(source_schema.unread)
    return quality.model_copy(update={
        "checks": (*quality.checks, check, *([unread] if unread else [])),
        "blockers": (blocker, *(quality.blockers or ())) if blocker else quality.blockers,
    })


def run_suite(
    bound: BoundDataset, con: duckdb.DuckDBPyConnection, relation: str, suite: Suite,
    relations: Relations, accepted: Sequence[Acceptance] = (),
    checks: Sequence[CheckAcceptance] = (), parts: Parts | None = None,
) -> QualityRecord:
    """Run a suite on the dataset's table after disclosure control.

    The arguments are those of `expectations.runner.validate.validate`; `checks` were accepted for
    the snapshot.
    """
    withheld = suppress(con, relation, bound.dataset, parent_areas(bound))
    quality = validate(
        con, relation, bound.dataset, suite, accepted, relations, {item.check for item in checks},
        parts,
    )
    return located(con, relation, with_suppression(quality, withheld))


def parent_areas(bound: BoundDataset) -> dict[str, str]:
    """Return the parent of each area of the dataset, where the codelist names one."""
    areas = bound.registries.codelists[bound.dataset.geography.codelist].entries
    return {area.code: area.parent for area in areas if area.parent}


def log_validation(
    bound: BoundDataset, data_dir: DataDir, validated: Validated, clock: Clock
) -> tuple[ValidationRun, bool]:
    """Log a validation run at the time of `clock`, unless it says what the last one said.

    `validated` is what `validate_table` returned for `bound`; the log is in `data_dir`.

    Returns:
        The validation run, and whether it was logged now.

    Raises:
        StoreError: the data folder cannot be written, or the log is damaged.
    """
    with data_dir.dataset_lock(bound.dataset.id):
        return validation_log.keep(
            data_dir, validated, bound.inputs(data_dir), scores.ALGORITHM, clock(),
            bound.dataset.projections,
        )


def log_unreadable(
    bound: BoundDataset, data_dir: DataDir, error: OpenIndicatorsError, clock: Clock
) -> ValidationRun:
    """Log that no table could be made of the last snapshot of `bound`, and why: the `error`.

    The log is in `data_dir`, the time that of the `clock`.

    Raises:
        StoreError: the data folder cannot be written, or the log is damaged.
    """
    dataset = bound.dataset
    drift = error.drift if isinstance(error, DriftError) else ()
    blocker = ReleaseBlocker(kind="source_schema", drift=drift) if drift else ReleaseBlocker(
        kind="unreadable", error=error.what, where=error.where, todo=error.todo
    )
    quality = masked_record(QualityRecord(
        dataset=dataset.id, suite_sha256=bound.suite.sha256, versions={}, rows_read=0,
        rows_released=0, rows_quarantined=0, tolerance=dataset.tolerance,
        checks=(schema_check.as_check(drift, len(drift)),) if drift else (), blockers=(blocker,),
    ))
    with data_dir.dataset_lock(dataset.id):
        logged, _ = validation_log.keep_unmade(
            data_dir, quality, bound.inputs(data_dir), scores.ALGORITHM, clock()
        )
    return logged


def blocking_error(quality: QualityRecord) -> OpenIndicatorsError:
    """Return the release blockers of a validation run as one error."""
    reasons = quality.blockers or ()
    every = [release_blockers.describe(reason, quality.dataset, names=True) for reason in reasons]
    what = "; ".join(each.what.get("en") for each in every)
    todo = "; ".join(each.todo.get("en") for each in every)
    drift = tuple(change for reason in reasons for change in reason.drift)
    if drift:
        return DriftError(what, where=quality.dataset, todo=todo, drift=drift)
    return QualityError(what, where=quality.dataset, todo=todo)
