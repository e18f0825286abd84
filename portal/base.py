"""The interfaces of portals, and of the releases they show.

The warehouse implements `ReleaseFiles`; the site and CKAN implement `Portal`.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

import pyarrow as pa

from model.records.release import Difference, Publication, Release
from model.records.scorecard import QualityReport
from model.records.validation import QualityRecord
from model.reference.registries import Registries


class ReleaseFiles(Protocol):
    """A release and where its files are."""

    @property
    def release(self) -> Release:
        """The release's record."""

    @property
    def quality(self) -> QualityRecord:
        """The result of validating it."""

    def path(self, name: str) -> Path:
        """Return the path of one of the release's files."""


@runtime_checkable
class MayBePacked(Protocol):
    """A release that may be stored together with others."""

    def pack_changes(self) -> Path | None:
        """Return a table of what it, and those with it, changed; None where it is by itself.

        It is like `changes.parquet`, with a column `release`.
        """


@runtime_checkable
class HasReport(Protocol):
    """A release that also has the quality report of the day it was issued."""

    @property
    def report(self) -> QualityReport | None:
        """The report; None where no validation run was kept."""


@runtime_checkable
class HasOrigins(Protocol):
    """A release that can say where each of its figures stands in the source."""

    def origins(self, registries: Registries) -> pa.RecordBatchReader | None:
        """Return a row for each figure: key, part, row, column and text; None where it is lost.

        What all figures share (checksums, address, time) is in the schema's metadata, as JSON. The
        `registries` have the licences, by which texts are shown.
        """


class Portal(Protocol):
    """A portal that shows datasets: the static site, CKAN, ..."""

    name: str

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare the actual state with the desired one for a `history` of releases; write nothing.

        The history is a dataset's releases, oldest first; the last one is current.
        """

    def apply(self, history: list[ReleaseFiles]) -> Publication:
        """Carry out what `plan` says of a `history`: readers see the old release or the new one.

        Raises PortalError with what the portal said and what to do; the old release is still shown.
        """

    def together(self) -> AbstractContextManager[None]:
        """Apply many datasets: what they share is made on leaving, which may raise PortalError."""


@runtime_checkable
class ShowsDrafts(Protocol):
    """A portal that can show a draft to its reviewers, and to nobody else."""

    def show_draft(self, dataset: str, draft: ReleaseFiles | None) -> Publication | None:
        """Show the `draft` of a `dataset` that waits for a decision; None removes the one shown.

        Returns what is shown; None where nothing is.
        """
