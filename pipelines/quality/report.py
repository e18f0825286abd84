"""A dataset's quality for people: the record, the scores and the metadata, put together.

Nothing here writes. The same records and the same day give the same report.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from expectations.scoring import scores
from expectations.scoring.freshness import freshness, freshness_over_time, timeliness
from model.declarations.dataset import Dataset
from model.errors import StoreError
from model.records.quality_dimension import badness, grade_of
from model.records.release import Release
from model.records.scorecard import (
    CheckHistory,
    GroupScore,
    Mqa,
    QualityPoint,
    QualityReport,
    Scorecard,
    StripPoint,
)
from model.records.validation import CheckResult, QualityRecord, Score
from model.records.validation_log import ValidationRun
from model.reference.registries import Registries
from pipelines.explain.origins import origins
from portal.metadata.mqa import Reach, assess_published
from warehouse.store import acceptances, releases, validation_log
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

log = logging.getLogger(__name__)
STRIP = 60  # validation runs that a check's history shows


def quality_report(
    data_dir: DataDir, dataset: Dataset, as_of: date, reach: Reach | None = None
) -> QualityReport:
    """Return the quality report of a `dataset` of `data_dir`, as fresh as it is on a day (`as_of`).

    `reach` says whether an address responds; without it reachability is not assessed.

    Raises:
        StoreError: a record is damaged.
        PortalError: the published description is damaged.
    """
    history = validation_log.log(data_dir, dataset.id)
    release = releases.current(data_dir, dataset.id)
    return report_of(data_dir, dataset, history, release, as_of, reach)[0]


def report_of(
    data_dir: DataDir, dataset: Dataset, history: list[ValidationRun],
    release: StoredRelease | None, as_of: date, reach: Reach | None = None,
) -> tuple[QualityReport, QualityRecord | None]:
    """Return the report, and the complete record of the newest validation run in it.

    `data_dir`, `dataset`, `as_of` and `reach` are those of `quality_report`; `history` is the
    validation log, and `release` the current one.

    The arguments are those of `quality_report`; `history` is the validation log, and `release` the
    current one.
    """
    mqa = assess_published(data_dir.site, dataset.id, reach)
    return _report(data_dir, dataset, history, release, as_of, mqa)


@dataclass(frozen=True)
class ReleaseWithReport:
    """A release with the report of its quality on the day of its issue, for the portals."""

    data_dir: DataDir
    stored: StoredRelease

    @property
    def release(self) -> Release:
        """The release's record."""
        return self.stored.release

    @property
    def quality(self) -> QualityRecord:
        """The record of its validation."""
        return self.stored.quality

    def path(self, name: str) -> Path:
        """Return the path of one of the release's files."""
        return self.stored.path(name)

    def pack_changes(self) -> Path | None:
        """Return what it and the releases packed with it changed; None if it is in full."""
        return self.stored.pack_changes()

    def origins(self, registries: Registries) -> pa.RecordBatchReader | None:
        """Return where each figure stands in its source, as the licences in `registries` allow.

        None where the snapshot of the release is lost or damaged: its figures are published all the
        same, as their own files are intact.
        """
        try:
            return origins(self.data_dir, self.stored, registries)
        except StoreError as error:
            log.warning("the site does not say where the figures stand in their source: %s", error)
            return None

    @cached_property
    def report(self) -> QualityReport | None:
        """The report of that day; it never changes. None without a validation run."""
        release = self.stored.release
        log = validation_log.log(self.data_dir, release.dataset)
        history = [item for item in log if item.at <= release.issued]
        if not history:
            return None
        dataset = Dataset.model_validate(release.declaration)
        return _report(
            self.data_dir, dataset, history, self.stored, release.issued.date(), None
        )[0].model_copy(update={"acceptances": ()})


def _report(
    data_dir: DataDir, dataset: Dataset, history: list[ValidationRun],
    release: StoredRelease | None, as_of: date, mqa: Mqa | None,
) -> tuple[QualityReport, QualityRecord | None]:
    latest = validation_log.record(data_dir, history[-1]) if history else None
    released = _released_run(history, release)
    card = None
    if released is not None and released.made and latest is not None:
        quality = latest if released is history[-1] else validation_log.record(data_dir, released)
        card = scorecard(dataset, released, quality, history, mqa, as_of)
    report = QualityReport(
        dataset=dataset.id,
        sector=dataset.sector,
        title=dataset.title,
        release=release.release.number if release else None,
        scorecard=card,
        mqa=mqa,
        latest=history[-1] if history else None,
        trend=trend(dataset, history),
        checks=_histories(_known_checks(data_dir, history, latest), history) if latest else (),
        acceptances=tuple(acceptances.load(data_dir, dataset.id)),
        ended=dataset.ended,
        duration_ms=latest.duration_ms if latest else None,
    )
    return report, latest


def scorecard(
    dataset: Dataset, validation_run: ValidationRun, quality: QualityRecord,
    history: Sequence[ValidationRun], mqa: Mqa | None, as_of: date,
) -> Scorecard:
    """Return the scorecard of a validated table of a `dataset` on a day (`as_of`).

    `validation_run` is that of the data that is shown, `quality` its complete record, `history` all
    runs, oldest first, and `mqa` the metadata's quality, where something is published.
    """
    fresh = freshness(dataset, history, as_of)
    found: list[Score] = list(validation_run.scores)
    if (timely := timeliness(fresh, dataset.frequency)) is not None:
        found.append(timely)
    if mqa is not None:
        found.append(Score(dimension="metadata", good=mqa.points, of=mqa.of))
    points = scores.total(found)
    return Scorecard(
        dataset=dataset.id, sector=dataset.sector, algorithm=validation_run.algorithm, as_of=as_of,
        scores=tuple(found), total=points, grade=grade_of(points), freshness=fresh,
        gains=scores.gains(quality, found),
    )


def trend(dataset: Dataset, history: Sequence[ValidationRun]) -> tuple[QualityPoint, ...]:
    """Return the total score of a `dataset` at each run of its `history`.

    Timeliness is that of the run's day.
    """
    points = []
    known = freshness_over_time(dataset, history)
    for item, fresh in zip(history, known, strict=True):
        if not item.made:
            continue
        timely = timeliness(fresh, dataset.frequency)
        total = scores.total([*item.scores, *([timely] if timely else [])])
        points.append(QualityPoint(
            at=item.at, total=total, grade=grade_of(total), blocked=bool(item.blockers),
            algorithm=item.algorithm,
        ))
    return tuple(points)


def groups(reports: Sequence[QualityReport]) -> tuple[list[GroupScore], GroupScore | None]:
    """Return the grade of each sector, by id, and that of the city."""
    sectors = sorted({report.sector for report in reports})
    graded = [
        made for sector in sectors
        if (made := _group(sector, [r for r in reports if r.sector == sector])) is not None
    ]
    return graded, _group("city", reports)


def _group(name: str, reports: Sequence[QualityReport]) -> GroupScore | None:
    cards = [report.scorecard for report in reports if report.scorecard is not None]
    blockers = sum(bool(report.latest and report.latest.blockers) for report in reports)
    return scores.group(name, cards, blockers)


def _released_run(
    history: list[ValidationRun], release: StoredRelease | None
) -> ValidationRun | None:
    """Return the validation run of the public data; without any, the newest that had a table.
    """
    if not history:
        return None
    if release is not None:
        data = release.release.file("data.parquet").sha256
        found = validation_log.of_data(history, data)
        if found is not None:
            return found
    return next((item for item in reversed(history) if item.made), history[-1])


def _known_checks(
    data_dir: DataDir, history: list[ValidationRun], latest: QualityRecord
) -> list[CheckResult]:
    """Return the checks of the newest validation run; without a table, with those before.
    """
    if history[-1].made:
        return list(latest.checks)
    with_table = next((item for item in reversed(history) if item.made), None)
    checks = validation_log.record(data_dir, with_table).checks if with_table else ()
    return list({check.name: check for check in (*checks, *latest.checks)}.values())


def _histories(
    checks: Sequence[CheckResult], history: list[ValidationRun]
) -> tuple[CheckHistory, ...]:
    """Return each check with its outcomes in the last validation runs."""
    history = history[-STRIP:]
    outcomes = [_outcomes(item) for item in history]
    found = [
        CheckHistory(
            name=check.name, title=check.title, severity=check.severity,
            points=tuple(
                points.get(check.name) or _absent(item)
                for item, points in zip(history, outcomes, strict=True)
            ),
            duration_ms=check.duration_ms,
        )
        for check in checks
    ]
    return tuple(sorted(found, key=lambda item: badness(item.points[-1].outcome)))


def _outcomes(validation_run: ValidationRun) -> dict[str, StripPoint]:
    at, number = validation_run.at, validation_run.number
    passed = StripPoint(
        at=at, validation_run=number, outcome="passed", evaluated=None, unexpected=None
    )
    return {
        **dict.fromkeys(validation_run.passed, passed),
        **{
            item.name: StripPoint(
                at=at, validation_run=number, outcome=item.outcome, evaluated=item.evaluated,
                unexpected=item.unexpected,
            )
            for item in validation_run.open
        },
    }


def _absent(validation_run: ValidationRun) -> StripPoint:
    return StripPoint(
        at=validation_run.at, validation_run=validation_run.number, outcome=None, evaluated=None,
        unexpected=None,
    )
