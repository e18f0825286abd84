"""Scorecards: the scores of a dataset on a day, its freshness, its history."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from model.records.quality_dimension import Grade
from model.records.validation import Outcome, QualityDimension, Score, Severity
from model.records.validation_log import Acceptance, ValidationRun
from model.util.text import Frozen, LocalizedText

FreshnessState = Literal["fresh", "late", "overdue", "dead", "ended", "unknown"]


class Freshness(Frozen):
    """Whether a dataset is as new as its frequency and its source's habit let expect."""

    state: FreshnessState
    as_of: date  # the day for which this is said
    period_last: str | None  # the newest period of the data
    expected_period: str | None  # the period that comes next; None where none will, or who knows
    due: date | None  # when it is to be expected
    lag_days: int | None  # days from the end of a period to its figures, as expected
    own_rhythm: bool  # the lag is the source's own; else it is the usual one of the frequency
    days_late: int = 0


class MqaMetric(Frozen):
    """One metric of data.europa.eu's Metadata Quality Assessment."""

    id: str  # e.g. "keyword_availability"
    dimension: Literal[
        "findability", "accessibility", "interoperability", "reusability", "contextuality"
    ]
    title: LocalizedText
    points: int
    met: bool | None  # None: not evaluated (reachability, unless asked for)
    todo: LocalizedText  # what gains the points


class Mqa(Frozen):
    """The metadata quality of a dataset: 405 points at most."""

    dataset: str
    metrics: tuple[MqaMetric, ...]

    @property
    def points(self) -> int:
        """The points reached."""
        return sum(metric.points for metric in self.metrics if metric.met)

    @property
    def of(self) -> int:
        """The points that could be reached: without what was not evaluated."""
        return sum(metric.points for metric in self.metrics if metric.met is not None)


class Gain(Frozen):
    """Something to fix, and how many points of the total that gains."""

    dimension: QualityDimension
    check: str | None  # the check's name, or None where no check is behind it
    title: LocalizedText
    points: float  # of 100


class Scorecard(Frozen):
    """How good a dataset is, on a day."""

    dataset: str
    sector: str
    algorithm: str
    as_of: date
    scores: tuple[Score, ...]  # every dimension that was measured, in the order of DIMENSIONS
    total: float  # 0 to 100
    grade: Grade
    freshness: Freshness
    gains: tuple[Gain, ...]  # the most points first

    def score(self, dimension: QualityDimension) -> Score | None:
        """Return the score in a dimension, or None where it was not measured."""
        return next((item for item in self.scores if item.dimension == dimension), None)


class GroupScore(Frozen):
    """The grade of a sector, or of the city: the plain mean over its datasets."""

    id: str  # of the sector; "city" for all
    datasets: int
    blocked: int  # whose newest table could not be released
    scores: tuple[tuple[QualityDimension, float], ...]  # mean percent by dimension
    total: float
    grade: Grade


@dataclass(frozen=True, slots=True)  # there are many: a pydantic model takes ten times the memory
class QualityPoint:
    """The total of a dataset at the moment of a validation run: a point of its trend."""

    at: datetime
    total: float
    grade: Grade
    blocked: bool
    algorithm: str


@dataclass(frozen=True, slots=True)
class StripPoint:
    """What a check found in one validation run."""

    at: datetime
    validation_run: int
    outcome: Outcome | None  # None: the check was not in the suite, or there was no table
    evaluated: int | None  # None where it passed: not kept
    unexpected: int | None


class CheckHistory(Frozen):
    """A check over time: its history strip."""

    name: str
    title: LocalizedText
    severity: Severity
    points: tuple[StripPoint, ...]  # oldest first
    duration_ms: float | None = None  # of the newest validation run, see `CheckResult`


class QualityReport(Frozen):
    """All that there is to say of a dataset's quality; the pages and the JSON show this."""

    dataset: str
    sector: str
    title: LocalizedText
    release: int | None  # the public release, or None
    scorecard: Scorecard | None  # of the public data; None before the first validation run
    mqa: Mqa | None  # None where nothing is published
    latest: ValidationRun | None  # the newest validation run
    trend: tuple[QualityPoint, ...]  # oldest first
    checks: tuple[CheckHistory, ...]  # the worst first
    acceptances: tuple[Acceptance, ...]
    ended: LocalizedText | None = (
        None  # why no further period will come, where the declaration says so
    )
    duration_ms: float | None = None  # of the newest validation run, see `QualityRecord`
