"""The records that each step leaves: snapshot, quality, release. Plain JSON on disk."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from model.text import Bilingual, Frozen, Text

Severity = Literal["critical", "warning", "info"]
# not_judged: what it is compared with is not there.
Outcome = Literal["passed", "warned", "failed", "not_judged"]
Dimension = Literal[
    "completeness", "validity", "uniqueness", "consistency", "timeliness", "metadata"
]


class Part(Frozen):
    """One answer of a source inside a snapshot: a page, a file."""

    name: str  # file name inside the snapshot's folder, safe
    url: str  # without secrets
    sha256: str
    bytes: int
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    edition: str | None = None  # what the source itself says of the state that this shows


class Snapshot(Frozen):
    """What a source served, and when: `snapshots/<dataset>/<sha256>/snapshot.json`."""

    dataset: str
    sha256: str  # over the parts' names and checksums
    retrieved: datetime
    protocol: str
    options: dict[str, Any]
    licence: str
    parts: tuple[Part, ...]


class CheckResult(Frozen):
    """What one expectation found."""

    name: str  # unique in the suite, [a-z0-9_]
    expectation: str  # Great Expectations' own name, snake case
    kwargs: dict[str, Any]
    severity: Severity
    level: Literal["row", "table"]
    title: Bilingual  # the expectation in words
    outcome: Outcome
    evaluated: int
    unexpected: int
    observed: Any = None
    samples: tuple[dict[str, Any], ...] = ()  # the first failing rows, reproducible
    error: str | None = None
    # How long it took: its own query, or its share of the scan in which many are counted together
    # (the scan's time by their number). None where it was not judged, or nothing was measured.
    duration_ms: float | None = None


class Score(Frozen):
    """How good something is in one dimension: `good` of `of`, e.g. rows."""

    dimension: Dimension
    good: float
    of: float = Field(gt=0)

    @property
    def percent(self) -> float:
        """From 0 to 100."""
        return 100 * self.good / self.of


class Drift(Frozen):
    """One way in which a snapshot's shape differs from the one released last, in words."""

    kind: Literal["column", "type", "unit", "code", "part"]
    stops: bool
    what: Bilingual
    todo: Bilingual


class Place(Frozen):
    """Where something stands in a snapshot."""

    part: str
    row: int | None = None
    column: str = ""


class StopCheck(Frozen):
    """A check that stands in the way of a release, with what it found."""

    name: str
    expectation: str
    title: Bilingual
    unexpected: int = 0
    observed: str | None = None  # of a check on the table
    expected: str | None = None  # the figure, where it is not in the title
    error: str | None = None
    places: tuple[Place, ...] = ()  # the first rows that it found, where it tells them


StopKind = Literal[
    "empty",  # the table has no rows
    "all_held",  # every row is held back
    "over_tolerance",  # more rows are held back than the dataset tolerates
    "table",  # checks on the table as a whole fail
    "unsettled",  # checks on rows fail on what remains once rows are held back
    "unjudged",  # checks ended in an error
    "unprotected",  # it cannot be told what published totals give away of small counts
    "shape",  # the source has another shape than the one released last
    "not_made",  # no table could be made: the source cannot be read as it is declared
]


class Stop(Frozen):
    """One reason why a table may not be released; `model.stops` says it in words."""

    kind: StopKind
    rows: int = 0  # of the table
    held: int = 0
    unread: int = 0  # of those held: rows that could not be read
    tolerance: float | None = None
    checks: tuple[StopCheck, ...] = ()
    first: Place | None = None  # the first row that is held back
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
    """Everything that validation said of a table: `quality.json`."""

    dataset: str
    suite_sha256: str
    versions: dict[str, str]
    rows_read: int  # observations in the table before anything was held back
    rows_released: int
    rows_quarantined: int
    tolerance: float
    checks: tuple[CheckResult, ...]
    gaps: tuple[Gap, ...] = ()  # of the few series that lack the most figures
    scores: tuple[Score, ...] = ()  # what the table alone decides; `versions` has the algorithm
    rows_accepted: int = 0  # rows that break a check and were accepted by a person
    stopped: tuple[Stop, ...] | None = None  # why the release may not be made, or None
    duration_ms: float | None = None  # of the checks as a whole, with samples and what is held back

    def without_durations(self) -> QualityRecord:
        """Return the record without how long anything took: the same inputs give the same."""
        checks = tuple(check.model_copy(update={"duration_ms": None}) for check in self.checks)
        return self.model_copy(update={"checks": checks, "duration_ms": None})

    def count(self, outcome: Outcome) -> int:
        """Return how many checks had this outcome."""
        return sum(check.outcome == outcome for check in self.checks)


# The check that every dataset has, about its source's shape; no suite may use its name.
SHAPE_CHECK = "source_shape"


ColumnKind = Literal["number", "number as text", "date", "text", "other", "mixed", "empty"]


class ColumnShape(Frozen):
    """A column as a reader gave it."""

    type: str  # DuckDB's name
    kind: ColumnKind
    sketch: tuple[str, ...]  # checksums of a few of its values: it is known by them if renamed


class Shape(Frozen):
    """What a snapshot looks like to its declaration: `shape.json`."""

    read_by: str  # checksum of how the declaration reads the source
    parts: tuple[str, ...]  # names of files and pages, digits as "#"
    columns: dict[str, ColumnShape]  # without those that are named by a period
    units: dict[str, tuple[str, ...]]  # "column, indicator's label" -> units that it comes in
    codes: dict[str, dict[str, str | None]]  # concept -> label -> code, None where unknown
    drift: tuple[Drift, ...] = ()  # how it differs from the snapshot released before


class FileRecord(Frozen):
    """A file and its checksum."""

    name: str
    sha256: str
    bytes: int


class Changes(Frozen):
    """How many observations differ from the release before."""

    added: int
    revised: int
    withdrawn: int


class Decision(Frozen):
    """What a person decided about a release, kept in the record of the release it led to."""

    kind: Literal["approved", "rollback", "withdrawal"]
    by: Text
    at: datetime
    reason: Text | None = None  # in the person's own words, shown on the portal
    of_release: int | None = None  # rollback: the release whose content came back
    successor: str | None = None  # withdrawal: the dataset that takes its place


class Release(Frozen):
    """A numbered, immutable release: `releases/<dataset>/<number>/release.json`."""

    dataset: str
    number: int = Field(ge=1)
    issued: datetime
    reason: Literal[
        "first release", "source changed", "declaration changed", "suite changed",
        "rows accepted", "code changed", "rollback", "withdrawal",
    ]
    inputs_sha256: str  # of what follows: the same inputs make no new release
    snapshot_sha256: str
    declaration_sha256: str
    suite_sha256: str
    acceptances_sha256: str | None = None  # None where no row was ever accepted
    code_version: str
    rows: int
    quarantined: int
    changes: Changes
    period_first: str | None
    period_last: str | None
    files: tuple[FileRecord, ...]
    declaration: dict[str, Any]  # the declaration as it was: an old release explains itself
    decision: Decision | None = None  # None where no person decided

    def file(self, name: str) -> FileRecord:
        """Return the record of a file of this release."""
        return next(file for file in self.files if file.name == name)


class Difference(Frozen):
    """One line of a publication plan."""

    dataset: str
    change: Literal["+", "~", "-", "="]
    what: str  # e.g. "file data.csv", "metadata", "rows"
    detail: str = ""


class Publication(Frozen):
    """What a portal shows of a dataset after publishing."""

    dataset: str
    portal: str
    release: int
    url: str
    changed: bool
    differences: tuple[Difference, ...]
