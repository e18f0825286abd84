"""Quality over time: incidents for the feeds, and the scores as a table to publish."""

import csv
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nlargest

from expectations.scoring import scores
from expectations.scoring.freshness import freshness_over_time, timeliness
from model.declarations.dataset import Dataset
from model.errors import StoreError
from model.records.incident import Incident, IncidentKind
from model.records.release_blockers import finding, in_words
from model.records.validation import Score
from model.records.validation_log import CheckOutcome, ValidationRun
from model.util.text import LocalizedText
from portal.metadata.identifiers import incident_urn
from warehouse.store import validation_log
from warehouse.store.data_dir import DataDir

log = logging.getLogger(__name__)
COLUMNS = ("dataset", "algorithm", "day", "indicator", "value")


def scores_csv(data_dir: DataDir, datasets: Mapping[str, Dataset]) -> str:
    """Return the history of the scores of `datasets` in `data_dir` as CSV: a line for each figure.

    Of several validation runs on one day the last counts. Without a new one the table does not
    change, whatever the day.

    Raises:
        StoreError: a record is damaged.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for dataset in validation_log.datasets(data_dir):
        if dataset in datasets:
            writer.writerows(_rows(validation_log.log(data_dir, dataset), datasets[dataset]))
    return text.getvalue()


def _rows(
    history: Sequence[ValidationRun], dataset: Dataset
) -> Iterator[tuple[str, str, date, str, str]]:
    last: dict[tuple[date, str], dict[str, float]] = {}
    known = freshness_over_time(dataset, history)
    for item, fresh in zip(history, known, strict=True):
        last[item.at.date(), item.algorithm] = {
            **(_scored(item, timeliness(fresh, dataset.frequency)) if item.made else {}),
            "checks_failed": sum(check.outcome == "failed" for check in item.open),
            "checks_warned": sum(check.outcome == "warned" for check in item.open),
            "rows_held_back": item.rows_quarantined,
            "release_stopped": float(item.blockers is not None),
        }
    for (day, algorithm), figures in last.items():
        for name, value in figures.items():
            yield dataset.id, algorithm, day, name, f"{value:.6g}"


def _scored(item: ValidationRun, timely: Score | None) -> dict[str, float]:
    found = [*item.scores, *([timely] if timely else [])]
    percents: dict[str, float] = {score.dimension: score.percent for score in found}
    return {**percents, "total": scores.total(found)}


@dataclass(frozen=True)
class QualityEvent:
    """What a validation run changed for the worse or the better, by the log alone."""

    validation_run: ValidationRun
    kind: IncidentKind
    check: CheckOutcome | None = None  # where it began to fail

    @property
    def id(self) -> str:
        """Identifier that never changes."""
        name = self.check.name if self.check else ""
        run = self.validation_run
        return incident_urn(run.dataset, run.number, self.kind, name)


def events(history: Sequence[ValidationRun], newest: int) -> list[QualityEvent]:
    """Return the `newest` incidents of a `history` (oldest run first), newest first.

    Incidents are blocked releases, checks that began to fail, recoveries.
    """
    found: list[QualityEvent] = []
    for before, now in zip([None, *history[:-1]][::-1], history[::-1], strict=True):
        found += _events(before, now)
        if len(found) >= newest:
            break
    return found[:newest]


def _events(before: ValidationRun | None, now: ValidationRun) -> Iterator[QualityEvent]:
    if now.blockers and (before is None or before.blockers != now.blockers):
        yield QualityEvent(now, "blocked")
    if before is not None and before.blockers and not now.blockers:
        yield QualityEvent(now, "recovered")
    known = {item.name for item in before.open if item.outcome == "failed"} if before else set()
    for item in now.open:
        if item.outcome == "failed" and item.name not in known:
            yield QualityEvent(now, "failed", item)


def incidents(data_dir: DataDir, found: Iterable[QualityEvent], newest: int) -> list[Incident]:
    """Return the `newest` of the `found` events of `data_dir` in words, newest first."""
    chosen = nlargest(newest, found, key=lambda event: (event.validation_run.at, event.id))
    return [_incident(data_dir, event) for event in chosen]


def _incident(data_dir: DataDir, event: QualityEvent) -> Incident:
    title, text = _words(data_dir, event)
    return Incident(
        id=event.id, dataset=event.validation_run.dataset, at=event.validation_run.at,
        kind=event.kind, title=title, text=text,
    )


def _words(data_dir: DataDir, event: QualityEvent) -> tuple[LocalizedText, LocalizedText]:
    if event.check is not None:
        try:
            record = validation_log.record(data_dir, event.validation_run)
        except StoreError as error:  # the log still says which check it was
            log.warning("%s", error)
            name = event.check.name
            return LocalizedText(vi=name, en=name), LocalizedText(vi="Không đạt.", en="It failed.")
        checks = {check.name: check for check in record.checks}
        check = checks[event.check.name]
        return check.title, finding(check).in_each(lambda text: f"{text}.")
    if event.kind == "blocked":
        return (
            LocalizedText(vi="Bản phát hành bị chặn", en="The release was blocked"),
            in_words(event.validation_run.blockers or (), event.validation_run.dataset),
        )
    return (
        LocalizedText(vi="Có thể phát hành trở lại", en="It can be released again"),
        LocalizedText(
            vi="Bảng mới qua được các phép kiểm tra.", en="The new table passes the checks."
        ),
    )
