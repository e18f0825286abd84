"""The steps that carry one dataset: snapshot, table, release, publication.

Plain functions over the rooms' doors. Each finds its own work done already when nothing that it
depends on has changed, and then writes nothing.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb

import expectations
import sources
import warehouse
from expectations.disclosure_control.small_cells import suppress, told
from expectations.runner.release_decision import located
from expectations.runner.validate import Relations, validate
from expectations.scoring import scores
from expectations.suites.suite import Suite
from model.declarations.dataset import Dataset, Source
from model.declarations.load import Declaration
from model.errors import DriftError, OpenIndicatorsError, QualityError, StoreError
from model.records import release_blockers
from model.records.publication import Publication
from model.records.source_schema import SourceSchema
from model.records.validation import QualityRecord, ReleaseBlocker
from model.records.validation_log import Acceptance, ValidationRun
from model.reference.personal_data import masked_record
from model.reference.registries import Registries
from model.util.hashing import sha256_json
from pipelines.steps.compared import compared_with, paths, version
from pipelines.steps.quality_report import Reported
from portal.base import Portal, ShowsDrafts
from portal.site import Site
from sources.base import SourceFile, SourceProtocol, Transport
from sources.connectors.registry import options_of, protocol
from sources.fetch.parts import fetch_parts
from warehouse.cleaning.clean import CleanStats, clean
from warehouse.cleaning.drift import schema_check
from warehouse.store import acceptances, drafts, releases, snapshots, validation_log, working_tables
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import Inputs, StoredRelease
from warehouse.store.snapshots import StoredSnapshot
from warehouse.store.working_tables import Validated

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Released:
    """What the release step leaves."""

    current: StoredRelease | None  # None while no release was ever approved
    draft: StoredRelease | None  # waits for a person's approval
    changed: bool  # whether a release or a draft was made now, or a draft went


@dataclass(frozen=True)
class BoundDataset:
    """One dataset in one profile: all that its steps need to know of it."""

    declaration: Declaration
    suite: Suite  # complete: the generic expectations and the dataset's own
    profile: str
    registries: Registries
    timed: bool = True  # records say how long judging took; else runs are the same to the byte

    @property
    def dataset(self) -> Dataset:
        """The dataset."""
        return self.declaration.dataset

    @cached_property
    def source(self) -> Source:
        """The source of the profile."""
        source = self.dataset.source_for(self.profile)
        if source is None:
            raise ValueError(f"{self.dataset.id} has no source in profile {self.profile}")
        return source

    @cached_property
    def protocol(self) -> SourceProtocol:
        """The protocol that the source speaks."""
        return protocol(self.source.protocol)

    @property
    def host(self) -> str:
        """The host that limits the rate of requests, or "" for files."""
        return options_of(self.source).host

    @cached_property
    def declaration_sha256(self) -> str:
        """Checksum of all that the declaration says for the profile."""
        return self.declaration.version(self.profile, self.registries)

    def inputs(self, snapshot_sha256: str, acceptances_sha256: str | None = None) -> Inputs:
        """Return what decides whether a release is new."""
        return Inputs(
            snapshot_sha256=snapshot_sha256,
            declaration_sha256=self.declaration_sha256,
            suite_sha256=self.suite.sha256,
            code_version=code_version(),
            acceptances_sha256=acceptances_sha256,
        )


@cache
def code_version() -> str:
    """Return a checksum of the code that turns bytes into observations, 16 hex digits."""
    digest = hashlib.sha256()
    for package in (sources, warehouse, expectations):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def take_snapshot(
    bound: BoundDataset, data_dir: DataDir, transport: Transport, clock: Clock
) -> tuple[StoredSnapshot, bool]:
    """Ask the source for what is new, and store what it serves.

    A pull that dies leaves what it has got; the next one goes on from there.

    Returns:
        The snapshot, and whether it differs from the one taken last.

    Raises:
        SourceError: unreachable, or the answer is no data; the last snapshot stays.
        StoreError: the data folder cannot be written.
    """
    dataset = bound.dataset
    folder = data_dir.fetch_session(dataset.id)
    with data_dir.dataset_lock(dataset.id):
        earlier = snapshots.latest(data_dir, dataset.id)
        known = (
            [SourceFile.of(part, earlier.part_path(part)) for part in earlier.snapshot.parts]
            if earlier and earlier.snapshot.protocol == bound.source.protocol
            else []
        )
        fetched = fetch_parts(
            bound.protocol, options_of(bound.source), transport, folder, known
        )
        if fetched.unchanged and earlier is not None:
            taken = (earlier, False)
        else:
            taken = snapshots.save(
                data_dir, dataset.id, [(part.record, part.path) for part in fetched.parts],
                protocol=bound.source.protocol, options=bound.source.options,
                licence=dataset.licence, retrieved=clock(),
            )
        shutil.rmtree(folder, ignore_errors=True)
        return taken


def make_table(bound: BoundDataset, data_dir: DataDir) -> tuple[Path, CleanStats | None]:
    """Read the last snapshot and clean it into observations.

    Returns:
        `table.parquet`, and the statistics of cleaning (None when it was made before).

    Raises:
        ReadError: the payload cannot be read; names file, line and column.
        DriftError: its shape is not that of the snapshot that was released last.
        StoreError: no snapshot yet, or the data folder cannot be written.
    """
    dataset = bound.dataset
    stored = _last_snapshot(bound, data_dir)
    inputs = sha256_json(
        [stored.snapshot.sha256, bound.declaration_sha256, code_version()]
    )

    def fill(con: duckdb.DuckDBPyConnection) -> CleanStats:
        snapshots.verify(stored)
        parts = [
            SourceFile.of(part, stored.part_path(part)) for part in stored.snapshot.parts
        ]
        batches: Iterable = bound.protocol.read(parts, options_of(bound.source))
        return clean(
            con, batches, dataset, bound.source, bound.protocol.columns,
            bound.registries, bound.declaration.sql.get(bound.profile),
            releases.source_schema_before(data_dir, dataset.id, stored.snapshot.sha256),
        )

    with data_dir.dataset_lock(dataset.id):
        return working_tables.write_table(data_dir, dataset, inputs, fill)


def _last_snapshot(bound: BoundDataset, data_dir: DataDir) -> StoredSnapshot:
    stored = snapshots.latest(data_dir, bound.dataset.id)
    if stored is None:
        raise StoreError(
            "there is no snapshot yet", where=bound.dataset.id,
            todo=f"run `openindicators run {bound.dataset.id}`",
        )
    return stored


def validate_table(bound: BoundDataset, data_dir: DataDir) -> Validated:
    """Run the suite on the table; write what may be released and what is held back.

    Raises:
        ReadError, StoreError: as `make_table`.
    """
    table, _ = make_table(bound, data_dir)
    accepted = acceptances.load(data_dir, bound.dataset.id)
    compared = compared_with(
        data_dir, bound.dataset, bound.suite, inputs_now(bound, data_dir).sha256
    )

    def judge(con: duckdb.DuckDBPyConnection, relation: str) -> QualityRecord:
        quality = run_suite(bound, con, relation, bound.suite, paths(compared), accepted)
        judged = _with_shape(quality, working_tables.read_source_schema(table))
        # Records are kept for good: they name no person. The quarantine has each row whole.
        scored = masked_record(scores.scored(con, relation, bound.dataset, judged))
        return scored if bound.timed else scored.without_durations()

    validated_by = sha256_json(
        [bound.suite.sha256, acceptances.version(accepted), version(compared)]
    )
    with data_dir.dataset_lock(bound.dataset.id):
        return working_tables.write_validated(data_dir, bound.dataset, table, validated_by, judge)


def _with_shape(quality: QualityRecord, source_schema: SourceSchema) -> QualityRecord:
    """Return a record that also says how the source's shape changed, and stops where it must."""
    stop = schema_check.blocker_of(source_schema.drift)
    return quality.model_copy(update={
        "checks": (*quality.checks, schema_check.as_check(source_schema.drift, len(source_schema.columns))),
        "blockers": (stop, *(quality.blockers or ())) if stop else quality.blockers,
    })


def run_suite(
    bound: BoundDataset,
    con: duckdb.DuckDBPyConnection,
    relation: str,
    suite: Suite,
    relations: Relations,
    accepted: Sequence[Acceptance] = (),
) -> QualityRecord:
    """Run a suite on the dataset's table as it may be shown: small cells withheld.

    The arguments are those of `expectations.runner.validate.validate`.
    """
    withheld = suppress(con, relation, bound.dataset, _parents(bound))
    quality = validate(con, relation, bound.dataset, suite, accepted, relations)
    return located(con, relation, told(quality, withheld))


def _parents(bound: BoundDataset) -> dict[str, str]:
    """Return which area each area of the dataset is a part of, where the codelist says so."""
    areas = bound.registries.codelists[bound.dataset.geography.codelist].entries
    return {area.code: area.parent for area in areas if area.parent}


def log_validation(
    bound: BoundDataset, data_dir: DataDir, validated: Validated, clock: Clock
) -> tuple[ValidationRun, bool]:
    """Keep the record of a judgement, unless it says what the last one said.

    Returns:
        The judgement, and whether it was kept now.

    Raises:
        StoreError: the data folder cannot be written, or the record is damaged.
    """
    with data_dir.dataset_lock(bound.dataset.id):
        return validation_log.keep(
            data_dir, validated, inputs_now(bound, data_dir), scores.ALGORITHM, clock()
        )


def log_unreadable(
    bound: BoundDataset, data_dir: DataDir, error: OpenIndicatorsError, clock: Clock
) -> ValidationRun:
    """Keep that no table could be made of the last snapshot, and why.

    Raises:
        StoreError: the data folder cannot be written, or the record is damaged.
    """
    dataset = bound.dataset
    drift = error.drift if isinstance(error, DriftError) else ()
    stop = ReleaseBlocker(kind="shape", drift=drift) if drift else ReleaseBlocker(
        kind="unreadable", error=error.what, where=error.where, todo=error.todo
    )
    quality = masked_record(QualityRecord(
        dataset=dataset.id, suite_sha256=bound.suite.sha256, versions={}, rows_read=0,
        rows_released=0, rows_quarantined=0, tolerance=dataset.tolerance,
        checks=(schema_check.as_check(drift, len(drift)),) if drift else (), blockers=(stop,),
    ))
    with data_dir.dataset_lock(dataset.id):
        kept, _ = validation_log.keep_unmade(
            data_dir, quality, inputs_now(bound, data_dir), scores.ALGORITHM, clock()
        )
    return kept


def inputs_now(bound: BoundDataset, data_dir: DataDir) -> Inputs:
    """Return what a release of the last snapshot is made from."""
    accepted = acceptances.load(data_dir, bound.dataset.id)
    snapshot = _last_snapshot(bound, data_dir).snapshot
    return bound.inputs(snapshot.sha256, acceptances.version(accepted))


def blocking_error(quality: QualityRecord) -> OpenIndicatorsError:
    """Return the error of a release that is stopped."""
    reasons = quality.blockers or ()
    every = [release_blockers.told(reason, quality.dataset, names=True) for reason in reasons]
    what = "; ".join(each.what.en for each in every)
    todo = "; ".join(each.todo.en for each in every)
    drift = tuple(change for reason in reasons for change in reason.drift)
    if drift:
        return DriftError(what, where=quality.dataset, todo=todo, drift=drift)
    return QualityError(what, where=quality.dataset, todo=todo)


def make_release(
    bound: BoundDataset, data_dir: DataDir, clock: Clock
) -> Released:
    """Make the next release, or its draft, unless nothing that matters has changed.

    Raises:
        QualityError, DriftError: its checks or its source's shape stop it; the last good release
            stays current.
        DeclarationError: the dataset was withdrawn.
    """
    dataset = bound.dataset
    releases.refuse_withdrawn(releases.current(data_dir, dataset.id))
    validated = validate_table(bound, data_dir)
    if validated.quality.blockers:
        raise blocking_error(validated.quality)
    inputs = inputs_now(bound, data_dir)
    with data_dir.dataset_lock(dataset.id):
        if dataset.review == "required":
            draft, changed = drafts.propose(data_dir, dataset, validated, inputs, clock())
            return Released(releases.current(data_dir, dataset.id), draft, changed)
        stored, made = releases.make(data_dir, dataset, validated, inputs, clock())
        closed = drafts.close(data_dir, dataset.id, f"release {stored.release.number}", clock())
        return Released(stored, None, made or closed)


def publish(dataset: str, data_dir: DataDir, portal: Portal) -> Publication | None:
    """Bring a portal to the dataset's current release.

    Returns:
        What the portal shows; None where no release was approved yet.

    Raises:
        PortalError: the portal refused; it still shows the old release.
    """
    with data_dir.dataset_lock(dataset):
        history = releases.history(data_dir, dataset)
        if not history:
            return None
        return portal.publish([Reported(data_dir, item) for item in history])


def show_draft(
    dataset: str, data_dir: DataDir, registries: Registries, portals: Sequence[Portal]
) -> list[Publication]:
    """Show the draft that waits to those who decide, or take away one that waits no longer.

    It is shown on the preview site, and on each of `portals` that can keep it private.

    Returns:
        What is shown; empty where no draft waits.

    Raises:
        PortalError: the folder cannot be written, or a portal refused.
    """
    preview = Site(data_dir.preview, registries, preview=True)
    with data_dir.dataset_lock(dataset):
        draft = drafts.waiting(data_dir, dataset)
        shown: list[Publication | None] = []
        if draft is None:
            preview.remove(dataset)
        else:
            shown.append(preview.publish([
                Reported(data_dir, item) for item in (*releases.history(data_dir, dataset), draft)
            ]))
        for portal in portals:
            if isinstance(portal, ShowsDrafts):
                shown.append(portal.show_draft(dataset, Reported(data_dir, draft) if draft else None))
        return [item for item in shown if item is not None]
