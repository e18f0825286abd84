"""Quality over time, as types: judgements, scores and grades, freshness, metadata quality.

What one judgement found is a `QualityRecord` (model/records.py). Here is what is made of many:
docs/quality.md says in words what each figure means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import floor
from typing import Any, Literal

from pydantic import Field

from model.hashing import sha256_json
from model.records import CheckResult, Dimension, Outcome, Score, Severity, Stop
from model.text import Bilingual, Frozen, Text

Grade = Literal["A", "B", "C", "D", "E"]
FreshnessState = Literal["fresh", "late", "overdue", "dead", "ended", "unknown"]
IncidentKind = Literal["stopped", "failed", "recovered"]


class DimensionInfo(Frozen):
    """A dimension in words, and its weight in the total."""

    title: Bilingual
    meaning: Bilingual
    weight: int


# Algorithm 1. Metadata quality stands beside the total: what a judgement finds must not depend
# on how it is described.
DIMENSIONS: dict[Dimension, DimensionInfo] = {
    "completeness": DimensionInfo(
        title=Bilingual(vi="Đầy đủ", en="Completeness"),
        meaning=Bilingual(
            vi="Bao nhiêu phần số liệu có mặt, so với mọi kỳ từ kỳ đầu đến kỳ cuối của từng chuỗi",
            en="How many figures there are, of all periods between the first and the last of each"
            " series",
        ),
        weight=25,
    ),
    "validity": DimensionInfo(
        title=Bilingual(vi="Hợp lệ", en="Validity"),
        meaning=Bilingual(
            vi="Bao nhiêu phần dòng đọc được và qua được các phép kiểm tra từng dòng",
            en="How many rows could be read and pass the checks on single rows",
        ),
        weight=25,
    ),
    "uniqueness": DimensionInfo(
        title=Bilingual(vi="Không trùng lặp", en="Uniqueness"),
        meaning=Bilingual(
            vi="Bao nhiêu phần dòng không trùng với dòng khác",
            en="How many rows are no duplicate of another",
        ),
        weight=10,
    ),
    "consistency": DimensionInfo(
        title=Bilingual(vi="Nhất quán", en="Consistency"),
        meaning=Bilingual(
            vi="Số liệu khớp với lịch sử của chính nó, với tổng và với các tập dữ liệu khác đến"
            " mức nào",
            en="How well the figures agree with their own history, their totals and other datasets",
        ),
        weight=20,
    ),
    "timeliness": DimensionInfo(
        title=Bilingual(vi="Kịp thời", en="Timeliness"),
        meaning=Bilingual(
            vi="Kỳ mới nhất có đến đúng lúc hay không, theo tần suất và nhịp của chính nguồn",
            en="Whether the newest period came when its frequency and its source's own rhythm let"
            " expect it",
        ),
        weight=20,
    ),
    "metadata": DimensionInfo(
        title=Bilingual(vi="Siêu dữ liệu", en="Metadata"),
        meaning=Bilingual(
            vi="Mô tả tập dữ liệu tốt đến đâu, theo thang 405 điểm của data.europa.eu (MQA)",
            en="How well the dataset is described, by the 405 points of data.europa.eu (MQA)",
        ),
        weight=0,
    ),
}

# In the order in which people look at them: the worst first.
OUTCOMES: dict[Outcome, Bilingual] = {
    "failed": Bilingual(vi="Không đạt", en="Failed"),
    "warned": Bilingual(vi="Cảnh báo", en="Warned"),
    "not_judged": Bilingual(vi="Chưa xét", en="Not judged"),
    "passed": Bilingual(vi="Đạt", en="Passed"),
}

SEVERITIES: dict[Severity, Bilingual] = {
    "critical": Bilingual(vi="Bắt buộc", en="Critical"),
    "warning": Bilingual(vi="Cảnh báo", en="Warning"),
    "info": Bilingual(vi="Thông tin", en="Information"),
}


def badness(outcome: Outcome | None) -> int:
    """Return where an outcome stands among OUTCOMES, None (there was no such check) last."""
    return list(OUTCOMES).index(outcome) if outcome else len(OUTCOMES)


def worst_first(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Return checks by their outcome, those of one outcome in the order of their suite."""
    return sorted(checks, key=lambda check: badness(check.outcome))


# The lowest total of each grade, best first.
GRADES: tuple[tuple[Grade, float], ...] = (("A", 95), ("B", 85), ("C", 70), ("D", 50), ("E", 0))


def grade_of(points: float) -> Grade:
    """Return the grade of a total, or of a score, from 0 to 100."""
    return next(grade for grade, lowest in GRADES if points >= lowest)


def shown(points: float) -> str:
    """Return a total, or a score, as it is written everywhere: one decimal, never rounded up, so
    that no figure stands above its own grade and 100.0 is all there is.

    >>> shown(99.97), shown(94.96), shown(100)
    ('99.9', '94.9', '100.0')
    """
    tenths = floor(points * 10 + 1e-6)  # 57.3 is 572.999… tenths in binary
    return f"{tenths / 10:.1f}"


class CheckOutcome(Frozen):
    """What a judgement found of a check that did not pass."""

    name: str
    outcome: Outcome
    evaluated: int
    unexpected: int


class Judgement(Frozen):
    """One judgement of a table, kept for good: a line of `judgements/<dataset>/log.jsonl`.

    A judgement that finds what the last one found, of the same inputs, is not kept again.
    """

    dataset: str
    number: int = Field(ge=1)
    at: datetime
    inputs_sha256: str  # snapshot, declaration, suite, accepted rows
    snapshot_sha256: str
    record_sha256: str  # of the complete record, `judgements/<dataset>/<record_sha256>.json`
    data_sha256: str  # of the data that may be released; empty where no table could be made
    algorithm: str  # version of the scores
    stopped: tuple[Stop, ...] | None  # why it could not be released, or None
    rows_read: int
    rows_released: int
    rows_quarantined: int
    period_last: str | None  # the newest period of the data that is no forecast
    scores: tuple[Score, ...]
    passed: tuple[str, ...]  # names of the checks that passed
    open: tuple[CheckOutcome, ...]  # the others: warned, failed, or not judged

    @property
    def made(self) -> bool:
        """Whether there was a table to judge."""
        return self.data_sha256 != ""

    def score(self, dimension: Dimension) -> Score | None:
        """Return the score in a dimension, or None where it was not measured."""
        return next((item for item in self.scores if item.dimension == dimension), None)


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
    title: Bilingual
    points: int
    met: bool | None  # None: not looked at (reachability, where nobody asked for it)
    todo: Bilingual  # what gains the points


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
        """The points that could be reached: without what was not looked at."""
        return sum(metric.points for metric in self.metrics if metric.met is not None)


class Gain(Frozen):
    """Something to mend, and how many points of the total that gains."""

    dimension: Dimension
    check: str | None  # the check's name, or None where no check is behind it
    title: Bilingual
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

    def score(self, dimension: Dimension) -> Score | None:
        """Return the score in a dimension, or None where it was not measured."""
        return next((item for item in self.scores if item.dimension == dimension), None)


class GroupScore(Frozen):
    """The grade of a sector, or of the city: the plain mean over its datasets."""

    id: str  # of the sector; "city" for all
    datasets: int
    stopped: int  # whose newest table could not be released
    scores: tuple[tuple[Dimension, float], ...]  # mean percent by dimension
    total: float
    grade: Grade


@dataclass(frozen=True, slots=True)  # there are many: a pydantic model takes ten times the memory
class QualityPoint:
    """The total of a dataset at the moment of a judgement: a point of its trend."""

    at: datetime
    total: float
    grade: Grade
    stopped: bool
    algorithm: str


@dataclass(frozen=True, slots=True)
class StripPoint:
    """What a check found in one judgement."""

    at: datetime
    judgement: int
    outcome: Outcome | None  # None: the check was not in the suite, or there was no table
    evaluated: int | None  # None where it passed: not kept
    unexpected: int | None


class CheckHistory(Frozen):
    """A check over time: its history strip."""

    name: str
    title: Bilingual
    severity: Severity
    points: tuple[StripPoint, ...]  # oldest first
    duration_ms: float | None = None  # of the newest judgement, see `CheckResult`


class Acceptance(Frozen):
    """A person's decision to release a row that was held back, as long as it stays as it is."""

    dataset: str
    row_sha256: str  # of the row's values, column by column
    row: dict[str, str | float | None]  # the values themselves
    checks: tuple[str, ...]  # the checks that the row may break
    by: Text
    at: datetime
    reason: Text


def row_sha256(row: Mapping[str, Any]) -> str:
    """Return the checksum of a row's values, by which an acceptance knows it again."""
    return sha256_json(dict(row))


class QualityReport(Frozen):
    """All that there is to say of a dataset's quality; the pages and the JSON show this."""

    dataset: str
    sector: str
    title: Bilingual
    release: int | None  # the public release, or None
    scorecard: Scorecard | None  # of the public data; None before the first judgement
    mqa: Mqa | None  # None where nothing is published
    latest: Judgement | None  # the newest judgement; `stopped` says why nothing came of it
    trend: tuple[QualityPoint, ...]  # oldest first
    checks: tuple[CheckHistory, ...]  # the worst first
    acceptances: tuple[Acceptance, ...]
    ended: Bilingual | None = None  # why no further period will come, where the declaration says so
    duration_ms: float | None = None  # of the newest judgement, see `QualityRecord`


class Failure(Frozen):
    """A dataset's step that failed and has not succeeded since: `failures/<dataset>.json`."""

    dataset: str
    stage: str
    kind: str  # name of the error's type
    cause: str  # the same for all that one cause has broken
    what: str
    where: str
    todo: str


class Told(Frozen):
    """A cause that people were told of, until it is mended."""

    cause: str
    datasets: tuple[str, ...]
    since: datetime


class Incident(Frozen):
    """Something that went wrong, for the feed: a stopped release, or a check that began to fail."""

    id: str  # the same for the same event, for ever
    dataset: str
    at: datetime
    kind: IncidentKind
    title: Bilingual
    text: Bilingual
