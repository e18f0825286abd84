"""The site's own records: `dataset.json` of each dataset, and `catalogue.json`.

`dataset.json` is published: it is the machine-readable summary from which the catalogue is made,
and holds the checksum of every file that was ever offered.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from model.declarations.dataset import Chart
from model.errors import PortalError
from model.records.quality_dimension import Grade
from model.records.release import Changes, Decision, FileRecord, StructureChange
from model.records.scorecard import FreshnessState
from model.util.hashing import sha256_bytes, unsealed
from model.util.newest import Newest
from model.util.text import Code, Frozen, LocalizedList, LocalizedText, Name
from portal.scope import CityFigure, Scope

CHECKSUMS = "sha256.json"  # of the files in a dataset's folder


class ReleaseState(Frozen):
    """A release as the site offers it."""

    number: int
    issued: datetime
    reason: str
    rows: int
    quarantined: int
    changes: Changes
    period_first: str | None
    period_last: str | None
    record_sha256: str  # of the release's own record: what the files were made from
    made_by: str  # version of the code that made the files
    files: tuple[FileRecord, ...]
    superseded: tuple[FileRecord, ...] = ()  # offered earlier: replaced by newer code, or withdrawn
    decision: Decision | None = None  # of the person who approved, rolled back or withdrew
    version: str
    structure: tuple[StructureChange, ...]


class CheckCounts(Frozen):
    """How many checks had which outcome."""

    passed: int
    warned: int
    failed: int


class Sparkline(Frozen):
    """The small line in the catalogue: the chart's first series."""

    label: LocalizedText
    values: tuple[float | None, ...]


class IndicatorSummary(Frozen):
    """An indicator in words.

    unit: the id of its unit.
    expected: whether its figures are projections or targets.
    """

    code: Code
    name: LocalizedText
    definition: LocalizedText | None
    unit: Name
    decimals: int
    expected: bool


class RevisedIndicator(Frozen):
    """How the figures of an indicator differ between the last two releases.

    common: figures that both have; `revised` of them have another value.
    first, last: the periods that were revised.
    typical: the median of the relative differences.
    city: the city's own figure that moved most: period, old and new value.
    breakdown: what that figure is of, in the dataset's dimensions, but totals.
    unit: None where the name says what is counted.
    """

    name: LocalizedText
    decimals: int = 2
    unit: LocalizedText | None = None
    breakdown: tuple[LocalizedText, ...]
    common: int
    revised: int
    withdrawn: int
    first: str | None
    last: str | None
    typical: float | None
    city: dict[str, str | float] | None


class DatasetState(Frozen):
    """A dataset as the site shows it: `dataset.json`."""

    dataset: str
    sector: str
    name: str
    title: LocalizedText
    description: LocalizedText
    keywords: LocalizedList
    publisher_id: Name
    publisher: LocalizedText
    licence_id: Code
    licence: LocalizedText
    frequency: str
    coverage: LocalizedText
    codelist: Name  # of its areas
    area_groups: tuple[str, ...] = ()  # codes of that list which stand for several of its areas
    scope: Scope
    leads: bool  # its city figure may stand for the sector on the home page
    city: tuple[CityFigure, ...]  # of each indicator, the leading one first
    reconciled: dict[str, float]  # figures that declared pairs name: pair/side -> value
    revised: tuple[RevisedIndicator, ...]  # the most revised first; none of a first release
    chart: Chart | None  # what is drawn unless other figures are chosen
    public: bool
    withdrawn: bool
    indicators: tuple[IndicatorSummary, ...]
    method: LocalizedText | None
    notes: LocalizedText | None
    release: int
    issued: datetime
    rows: int
    quarantined: int
    period_first: str | None
    period_last: str | None
    ended: LocalizedText | None  # why no further period will come
    due: date | None  # when the next period is to be expected
    grade: Grade | None = None  # of its quality, on the day of the release
    freshness: FreshnessState | None = None  # on that day
    checks: CheckCounts
    spark: Sparkline | None
    releases: tuple[ReleaseState, ...]  # oldest first
    pages: dict[str, str]  # and the figures that shared pages need: path in the site -> sha-256
    site_version: str

    def of_release(self, number: int) -> ReleaseState | None:
        """Return what is known of a release."""
        return next((item for item in self.releases if item.number == number), None)


class CatalogueState(Frozen):
    """The shared pages, and what they were made from.

    datasets: the checksum of every `dataset.json`.
    pages: those of the pages, by path in the site.
    inputs: what each page was made from, where it was not made from all datasets.
    attached: checksums of what the database to attach was made from.
    """

    attached: dict[str, str]
    site_version: str
    datasets: dict[str, str]
    pages: dict[str, str]
    inputs: dict[str, str]


State = TypeVar("State", DatasetState, CatalogueState)
# Datasets' states, by file, with the file's checksum: some 50 kB each.
_parsed: Newest[Path, Any] = Newest(4_000)


def read_state(kind: type[State], path: Path, sha256: str | None = None) -> State | None:
    """Return the state of a `kind` in the file `path`; None where none can be read.

    Nor is one read whose checksum is known and another than `sha256`. That of a dataset is parsed
    once in a process until the file is written anew: several steps after a run read those of all.
    """
    try:
        data = path.read_bytes()
        found = sha256_bytes(data)
        if sha256 not in (None, found):
            return None
        if kind is CatalogueState:
            return kind.model_validate_json(unsealed(data))
        state: State = _parsed.of(path, found, lambda: kind.model_validate_json(unsealed(data)))
    except (OSError, ValueError):
        return None
    return state


def all_datasets(folder: Path) -> list[DatasetState]:
    """Return the state of every dataset in a site, by id; see `intact_datasets`."""
    return [state for state, _ in intact_datasets(folder)]


def intact_datasets(folder: Path) -> Iterator[tuple[DatasetState, dict[str, str]]]:
    """Yield the state of every dataset in a site's `folder`, by id, and its files' checksums.

    One that was written by other code cannot be read, one that was damaged is not: both are listed
    again once their dataset is published.
    """
    for path in sorted(folder.glob("datasets/*/*/dataset.json")):
        if path.parent.name.startswith("."):  # staging, or being deleted
            continue
        checksums = read_checksums(path.parent)
        state = read_state(DatasetState, path, checksums.get(path.name, ""))
        if state:
            yield state, checksums


def read_checksums(folder: Path) -> dict[str, str]:
    """Return the checksum of every file in a dataset's `folder`; nothing where none can be read."""
    try:
        return dict(msgspec.json.decode(unsealed((folder / CHECKSUMS).read_bytes())))
    except (OSError, ValueError, TypeError):
        return {}


def read_intact(path: Path, sha256: str | None) -> bytes:
    """Return the bytes of the file at `path`, which have the checksum `sha256`.

    Raises PortalError where they have another: the file is damaged; and where none is known: an
    earlier version has published the dataset, without this file.
    """
    if sha256 is None:
        raise PortalError(
            "an earlier version has published the dataset, without this file", where=str(path),
            todo="bring all datasets up to date: `openindicators publish --to site`",
        )
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if sha256_bytes(data) != sha256:
        raise PortalError(
            "the file cannot be read: it is not what was written", where=str(path),
            todo=f"delete the folder {path.parent} and publish the dataset again",
        )
    return data
