"""The quality record of a validation: check results, scores, gaps and release blockers.

Everything here is data; sentences about it are made in `release_blockers`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from model.records.source_schema import Drift
from model.util.text import Frozen, LocalizedText

Severity = Literal["critical", "warning", "info"]
# not_evaluated: what it is compared with is not there.
Outcome = Literal["passed", "warned", "failed", "not_evaluated"]
QualityDimension = Literal[
    "completeness", "validity", "uniqueness", "consistency", "timeliness", "metadata"
]


class SourcePlace(Frozen):
    """Where something stands in a snapshot."""

    part: str
    row: int | None = None
    column: str = ""


class DuplicateCause(Frozen):
    """Why observations share a key, as far as the source's rows show it."""

    kind: Literal[
        "dimension",  # a column that the declaration does not read tells them apart
        "unit",  # so does one that names units
        "total",  # one of them is the sum of the others
        "label",  # different texts of a column are read as one code
        "columns",  # they stand in one row of the source
        "files",  # they stand in different files, with other figures
        "same_file",  # they stand in different files, with the same figures
        "repeated",  # nothing tells them apart
        "figures",  # nothing but the figure tells them apart
    ]
    column: str = ""  # of the source, which tells them apart
    rows: tuple[SourcePlace, ...] = ()  # two of them


class CheckResult(Frozen):
    """What one expectation found."""

    name: str  # unique in the suite, [a-z0-9_]
    expectation: str  # Great Expectations' own name, snake case
    kwargs: dict[str, Any]
    severity: Severity
    level: Literal["row", "table"]
    title: LocalizedText  # the expectation in words
    outcome: Outcome
    evaluated: int
    unexpected: int
    observed: Any = None
    samples: tuple[dict[str, Any], ...] = ()  # the first failing rows, reproducible
    error: str | None = None
    cause: DuplicateCause | None = None  # of repeated keys
    # How long it took: its own query, or its share of the scan in which many are counted together
    # (the scan's time by their number). None where it was not evaluated, or nothing was measured.
    duration_ms: float | None = None


class Score(Frozen):
    """How good something is in one dimension: `good` of `of`, e.g. rows."""

    dimension: QualityDimension
    good: float
    of: float = Field(gt=0)

    @property
    def percent(self) -> float:
        """From 0 to 100."""
        return 100 * self.good / self.of


class BlockingCheck(Frozen):
    """A failed check that blocks a release, with what it found."""

    name: str
    expectation: str
    title: LocalizedText
    unexpected: int = 0
    observed: str | None = None  # of a check on the table
    expected: str | None = None  # the figure, where it is not in the title
    error: str | None = None
    places: tuple[SourcePlace, ...] = ()  # the first failing rows, where it gives them
    cause: DuplicateCause | None = None  # of repeated keys


class RejectedRows(Frozen):
    """Rows that could not be read for reasons of one kind."""

    rows: int
    first: SourcePlace
    reason: str  # of the first, as the quarantine keeps it


BlockerKind = Literal[
    "empty",  # the table has no rows
    "all_quarantined",  # every row is quarantined
    "over_tolerance",  # more rows are quarantined than the dataset tolerates
    "table",  # checks on the table as a whole fail
    "unsettled",  # checks on rows fail on what remains once rows are quarantined
    "check_error",  # checks ended in an error
    "disclosure_unknown",  # what published totals disclose of small counts is unknown
    "source_schema",  # the source has another schema than the one released last
    "unreadable",  # no table could be made: the source cannot be read as it is declared
]


class ReleaseBlocker(Frozen):
    """One reason why a table may not be released; see `release_blockers` for its words."""

    kind: BlockerKind
    rows: int = 0  # of the table
    quarantined: int = 0
    unread: int = 0  # of those held: rows that could not be read
    tolerance: float | None = None
    checks: tuple[BlockingCheck, ...] = ()
    first: SourcePlace | None = None  # the first row that is quarantined
    reasons: tuple[RejectedRows, ...] = ()  # why rows could not be read, most rows first
    drift: tuple[Drift, ...] = ()
    error: str = ""  # the error's own words, in English
    where: str = ""
    todo: str = ""


class Gap(Frozen):
    """Figures that a series lacks between its first and its last period."""

    series: dict[str, str]  # the key without the period
    missing: int
    periods: tuple[str, ...]  # the first of them


class QualityRecord(Frozen):
    """The result of validating a table: `quality.json`."""

    dataset: str
    suite_sha256: str
    versions: dict[str, str]
    rows_read: int  # observations in the table before anything was quarantined
    rows_released: int
    rows_quarantined: int
    tolerance: float
    checks: tuple[CheckResult, ...]
    gaps: tuple[Gap, ...] = ()  # of the few series that lack the most figures
    scores: tuple[Score, ...] = ()  # what the table alone decides; `versions` has the algorithm
    rows_accepted: int = 0  # rows that fail a check and were accepted by a person
    blockers: tuple[ReleaseBlocker, ...] | None = None  # why the release may not be made, or None
    duration_ms: float | None = None  # of all checks together, with samples and quarantine

    def without_durations(self) -> QualityRecord:
        """Return the record without how long anything took: the same inputs give the same."""
        checks = tuple(check.model_copy(update={"duration_ms": None}) for check in self.checks)
        return self.model_copy(update={"checks": checks, "duration_ms": None})

    def count(self, outcome: Outcome) -> int:
        """Return how many checks had this outcome."""
        return sum(check.outcome == outcome for check in self.checks)
