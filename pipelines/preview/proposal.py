"""What one dataset would release, against what is released: rows, checks, quarantine, pages, CKAN.

The dataset is cleaned, validated and released in an overlay; the site is built there too, once with
the current release and once with the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

import duckdb

from model.errors import OpenIndicatorsError
from model.records.quality_dimension import worst_first
from model.records.reject_reasons import in_words
from model.records.release_blockers import finding, sentences
from model.records.validation import CheckResult, QualityRecord
from model.reference.personal_data import masked
from model.reference.registries import Registries
from model.util.hashing import sha256_file
from model.util.languages import languages
from model.util.sql import literal
from pipelines.preview.consumers import breaking_changes
from pipelines.preview.overlay import own_snapshots
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.computed_source import transport_for
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.validate import validate_table
from portal.ckan.desired import mapping
from portal.content import Content
from portal.site.site import Site
from portal.site_folder.addresses import dataset_page
from portal.site_folder.state import DatasetState, read_state
from sources.fetch.folder import FolderTransport
from warehouse.differences import TableDifferences, compare_tables
from warehouse.engine import connect
from warehouse.release_changes import same_key
from warehouse.store import releases, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.working_tables import Validated

ROWS, REASONS = 20, 5  # that a preview lists
_BEFORE = 20  # characters before a difference between two texts that are shown
# Fields of CKAN that every release changes.
_OF_EVERY_RELEASE = {
    "version", "version_notes", "modified", "issued", "hash", "size", "quality", "provenance",
}

Outcome = Literal["new release", "no new release", "blocked", "failed", "no snapshot"]


@dataclass
class Proposal:
    """What a dataset would release.

    outcome: whether there would be a release.
    number: of that release; None where there would be none.
    reasons: why not, each with what to do.
    rows, quarantined: of the current release and of the next one.
    differences: of the observations; None where the dimensions are others.
    checks: name, outcome before, outcome now and finding of those whose outcome is another.
    quarantine: why rows would be quarantined, and how many.
    pages: pages and downloads that would be others: `+`, `~` or `-`, path, lines that differ.
    fields: fields of CKAN that would be others, with their values.
    breaks: what consumers would no longer find as it was.
    """

    dataset: str
    outcome: Outcome
    public: bool = True
    review: bool = False
    number: int | None = None
    reasons: list[str] = field(default_factory=list)
    rows: tuple[int, int] = (0, 0)
    quarantined: tuple[int, int] = (0, 0)
    differences: TableDifferences | None = None
    checks: list[tuple[str, str, str, str]] = field(default_factory=list)
    quarantine: list[tuple[str, int]] = field(default_factory=list)
    pages: list[tuple[str, str, str]] = field(default_factory=list)
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)


def propose(
    bound: BoundDataset, over: DataDir, before: Registries, now: datetime,
    declared: Mapping[str, BoundDataset],
) -> Proposal:
    """Return what `bound`, a dataset as it is declared `now`, would release at that time.

    The release is made in `over`, an overlay of the data folder; with the registries `before` the
    current release was published. What is computed is computed from the releases in `over` of the
    datasets `declared`, by id.
    """
    dataset = bound.dataset
    current = releases.current(over, dataset.id)
    found = Proposal(
        dataset.id, "no snapshot", dataset.access_rights == "PUBLIC", dataset.review == "required"
    )
    if current is not None:
        found.rows = (current.release.rows,) * 2
        found.quarantined = (current.release.quarantined,) * 2
    try:
        if dataset.inputs:
            own_snapshots(over, dataset.id)
            no_source = FolderTransport(over.inbox)
            take_snapshot(bound, over, transport_for(bound, declared, no_source, over), lambda: now)
        if snapshots.latest(over, dataset.id) is None:
            return found
        releases.refuse_withdrawn(current)
        validated = validate_table(bound, over)
        quality = validated.quality
        _compare(found, bound, over, current, validated)
        if quality.blockers:
            found.outcome = "blocked"
            found.reasons = [
                f"{text.what.get('en')} → {text.todo.get('en')}"
                for text in sentences(quality.blockers, dataset.id, names=True)
            ]
            return found
        stored, made = releases.make(over, dataset, validated, bound.inputs(over), now)
        found.outcome = "new release" if made else "no new release"
        found.number = stored.release.number if made else None
        _show(found, bound, over, before, current, stored)
    except OpenIndicatorsError as error:
        found.outcome, found.reasons = "failed", [str(error).replace("\n ", "")]
    return found


def _compare(
    found: Proposal, bound: BoundDataset, over: DataDir, current: StoredRelease | None,
    validated: Validated,
) -> None:
    """Compare rows, checks and quarantine of the validated table with the current release."""
    dataset, quality = bound.dataset, validated.quality
    old = current.path("data.parquet") if current else None
    found.rows = (found.rows[0], quality.rows_released)
    found.quarantined = (found.quarantined[0], quality.rows_quarantined)
    found.checks = _checks(current.quality if current else None, quality)
    with connect(over.root / "tmp") as con:
        found.quarantine = _reasons(con, validated.quarantine, quality)
        if old is not None and current is not None and same_key(dataset, current.release):
            found.differences = compare_tables(
                con, dataset.key, dataset.columns, validated.data, old, ROWS
            )


def _checks(before: QualityRecord | None, now: QualityRecord) -> list[tuple[str, str, str, str]]:
    """Return the checks with another outcome than before, the worst first.

    One that is new and passes, or passes now that there is a release to compare with, is no news.
    """
    old = {check.name: check.outcome for check in before.checks} if before else {}
    found = [
        (check.name, old.get(check.name, ""), check.outcome, _found(check))
        for check in worst_first(now.checks)
        if check.outcome != old.get(check.name, "")
        and (check.outcome not in ("passed", "not_evaluated")
             or old.get(check.name) in ("warned", "failed"))
    ]
    gone = old.keys() - {check.name for check in now.checks}
    return [*found, *((name, old[name], "removed", "") for name in sorted(gone))]


def _found(check: CheckResult) -> str:
    return "" if check.outcome in ("passed", "not_evaluated") else finding(check).get("en")


def _reasons(
    con: duckdb.DuckDBPyConnection, quarantine: Path, quality: QualityRecord
) -> list[tuple[str, int]]:
    """Return the reasons for which most rows are quarantined, personal data masked."""
    titles = {check.name: check.title for check in quality.checks}
    counted = con.execute(
        "SELECT reason, count(*) FROM (SELECT unnest(reasons) AS reason FROM"
        f" read_parquet({literal(quarantine)})) GROUP BY reason ORDER BY 2 DESC, 1 LIMIT {REASONS}"
    ).fetchall()
    return [(masked(in_words(reason, titles).get("en")), count) for reason, count in counted]


def _show(
    found: Proposal, bound: BoundDataset, over: DataDir, before: Registries,
    current: StoredRelease | None, stored: StoredRelease,
) -> None:
    """Compare what portals show of the current release with what they would show of the next."""
    old_files: Mapping[str, Path] = {}
    old_fields: Mapping[str, Any] = {}
    folder, dataset = over.root / "sites" / bound.dataset.name, bound.dataset.id
    if current is not None:
        Site(folder / "before", before).apply([current])
        old_files = _files(folder / "before", dataset)
        old_fields = _ckan_fields(current, current, before, folder / "before")
        with connect(over.root / "tmp") as con:
            found.breaks = breaking_changes(
                con, Content.of(current, before), Content.of(stored, bound.registries)
            )
    history = [each for each in (current, stored) if each is not None]
    # Not the current release twice, where no other follows.
    history = list({each.release.number: each for each in history}.values())
    Site(folder / "after", bound.registries).apply(list(history))
    new_files = _files(folder / "after", dataset)
    new_fields = _ckan_fields(stored, history[0], bound.registries, folder / "after")
    found.pages = _changed_files(old_files, new_files)
    found.fields = [
        (name, *_from_difference(_text(old_fields.get(name)), _text(new_fields.get(name))))
        for name in dict.fromkeys((*old_fields, *new_fields))
        if old_fields.get(name) != new_fields.get(name)
    ]


def _files(folder: Path, dataset: str) -> dict[str, Path]:
    """Return the pages and current downloads of a dataset's site, by path."""
    own = folder / "datasets" / dataset
    found = [folder / dataset_page(dataset, language) for language in languages()]
    found += [path for path in own.iterdir() if path.is_file() and path.name != "dataset.json"]
    return {path.relative_to(folder).as_posix(): path for path in sorted(found) if path.exists()}


def _changed_files(old: Mapping[str, Path], new: Mapping[str, Path]) -> list[tuple[str, str, str]]:
    """Return the files that differ, pages first."""
    found = []
    for path in sorted({*old, *new}, key=lambda path: (not path.endswith(".html"), path)):
        one, other = old.get(path), new.get(path)
        if one is None or other is None:
            found.append(("-" if other is None else "+", path, ""))
        elif sha256_file(one) != sha256_file(other):
            found.append(("~", path, _lines(one, other) if path.endswith(".html") else ""))
    return found


def _lines(one: Path, other: Path) -> str:
    """Return how many lines of a page differ: +2 −1."""
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (one, other))
    steps = [
        step for step in SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        if step[0] != "equal"
    ]
    return f"+{sum(j2 - j1 for *_, j1, j2 in steps)} −{sum(step[2] - step[1] for step in steps)}"


def _ckan_fields(
    stored: StoredRelease, first: StoredRelease, registries: Registries, site: Path
) -> dict[str, Any]:
    """Return the fields of the package and of the current resources, by name."""
    content = Content.of(stored, registries)
    state = read_state(DatasetState, site / "datasets" / content.dataset.id / "dataset.json")
    release = state.of_release(stored.release.number) if state else None
    files = release.files if release else ()
    private = not content.public
    package = mapping.package(content, first.release, private, files)
    resources = {
        f"{file.name}: {name}": value
        for file in files for name, value in mapping.current_resource(content, file).items()
        if name not in _OF_EVERY_RELEASE
    }
    fields = {name: each for name, each in package.items() if name not in _OF_EVERY_RELEASE}
    return {**fields, **resources, "datastore columns": list(content.published_columns)}


def _from_difference(one: str, other: str) -> tuple[str, str]:
    """Return two long texts from a little before the place where they differ."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    start = len(list(same)) - _BEFORE
    return (one, other) if start < _BEFORE else (f"…{one[start:]}", f"…{other[start:]}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)
