"""A dataset of real files that is released, and what a run makes of a second vintage of a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from model.errors import OpenIndicatorsError
from model.records.reject_reasons import in_words
from model.records.release_blockers import finding
from model.records.validation import QualityRecord
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.release import make_release
from pipelines.steps.validate import validate_table
from sources.connectors.registry import options_of
from sources.fetch.folder import FolderTransport
from tests.corpus.hostile.sheets import NotPossible, Place
from tests.fixtures.datasets import SHARED
from warehouse.store import releases
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease

HERE = Path(__file__).parent
CORPUS = HERE.parent / "project"  # its files are in SHARED
OWN = HERE / "project"  # its files are in the folder above
DAY = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Target:
    """A file of a dataset that is edited.

    project: whose declaration it has.
    file: the file, relative to the folder of the project's files.
    place: where its table stands.
    """

    dataset: str
    project: Path
    file: str
    place: Place

    @property
    def files(self) -> Path:
        """The folder of the project's files."""
        return SHARED if self.project == CORPUS else SHARED.parent


@dataclass(frozen=True)
class Outcome:
    """What came of a vintage.

    blocked: no release was made.
    same: the release has the observations of the one before, or the snapshot is the same.
    said: all that the run says which it did not say of the first vintage.
    """

    blocked: bool
    same: bool
    said: str


@cache
def _catalogue(project: Path, files: Path, folder: Path) -> Catalogue:
    return load_catalogue(
        Settings(data_dir=folder, files=files, epoch="1795910400", profile="live", project=project)
    )


class Vintages:
    """A first release of a target; each further vintage is compared with it alone."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder = target, folder
        catalogue = _catalogue(target.project, target.files, folder / "unused")
        self.bound: BoundDataset = catalogue.bound_datasets("live")[target.dataset]
        self.template = folder / "template"
        self.files = folder / "files"
        for name in options_of(self.bound.source).files:
            for path in sorted(target.files.glob(name)):
                copy = self.files / path.relative_to(target.files)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        self.file = self.files / target.file
        self.original = self.file.read_bytes()
        first = self._run(self.template)
        if isinstance(first, OpenIndicatorsError):
            raise first
        self.first = first
        self.usual = set(_findings(first.quality))
        concept = "indicator" if target.place.form == "sdmx" else "ref_area"
        codes = first.source_schema.codes.get(concept, {}) if first.source_schema else {}
        self.codes = {" ".join(label.split()): code for label, code in codes.items()}

    def _run(self, data_dir: Path) -> StoredRelease | OpenIndicatorsError:
        home = DataDir(data_dir)
        home.prepare()
        try:
            take_snapshot(self.bound, home, FolderTransport(self.files), lambda: DAY)
            return make_release(self.bound, home, lambda: DAY).current
        except OpenIndicatorsError as error:
            return error

    def release(self, *edits: Callable[[Path], Any]) -> Outcome:
        """Release the file after each edit in turn, and return what came of the last.

        Raises:
            NotPossible: an edit before the last one is blocked.
        """
        found: StoredRelease | OpenIndicatorsError = self.first
        data_dir = self.folder / "edited"
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.copytree(self.template, data_dir)
        try:
            for edit in edits:
                if isinstance(found, OpenIndicatorsError):
                    raise NotPossible(f"the vintage before is blocked: {found}")
                self.file.write_bytes(self.original)
                edit(self.file)
                before = releases.current(DataDir(data_dir), self.target.dataset)
                found = self._run(data_dir)
        finally:
            self.file.write_bytes(self.original)
        if isinstance(found, OpenIndicatorsError):
            return Outcome(True, False, "\n".join([str(found), *self._warnings(data_dir)]))
        said = [line for line in _findings(found.quality) if line not in self.usual]
        said += sorted({*_quarantined(found.path("quarantine.parquet"))}
                       - {*_quarantined(before.path("quarantine.parquet"))})
        return Outcome(False, _rows(found) == _rows(before), "\n".join(said))

    def _warnings(self, data_dir: Path) -> list[str]:
        """Return what `quality` and `quarantine` say of a table that was blocked."""
        try:
            table = validate_table(self.bound, DataDir(data_dir))
        except OpenIndicatorsError:
            return []
        said = [line for line in _findings(table.quality) if line not in self.usual]
        usual = set(_quarantined(self.first.path("quarantine.parquet")))
        found = _quarantined(table.folder / "quarantine.parquet")
        return [*said, *(line for line in found if line not in usual)]


def _findings(quality: QualityRecord) -> list[str]:
    """Return what the checks that are not passed say."""
    return [
        f"{check.name}: {check.title.get('en')} {finding(check).get('en')}"
        f"  {json.dumps(check.samples[:3])}"
        for check in quality.checks if check.outcome in ("warned", "failed")
    ]


def _quarantined(path: Path) -> list[str]:
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT _part, _row, _column, unnest(reasons) FROM read_parquet(?)",
            [str(path)],
        ).fetchall()
    return [f"{part}:{row} ({column}): {in_words(reason, {}).get('en')}"
            for part, row, column, reason in rows]


def _rows(stored: StoredRelease) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        return con.execute(
            "SELECT * EXCLUDE (source_part, source_row, source_column) FROM read_parquet(?)"
            " ORDER BY ALL", [str(stored.path("data.parquet"))],
        ).fetchall()
