"""The door of this room: what every portal can do with a release."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from model.records.publication import Difference, Publication
from model.records.release import Release
from model.records.scorecard import QualityReport
from model.records.validation import QualityRecord


class ReleaseFiles(Protocol):
    """A release and where its files are (the warehouse gives it)."""

    @property
    def release(self) -> Release:
        """The release's record."""
        ...

    @property
    def quality(self) -> QualityRecord:
        """What validation said of it."""
        ...

    def path(self, name: str) -> Path:
        """Return the path of one of the release's files."""
        ...


@runtime_checkable
class HasReport(Protocol):
    """A release that also knows what there was to say of its quality when it was issued."""

    @property
    def report(self) -> QualityReport | None:
        """The report, as of the day of the release; None where no judgement was kept."""
        ...


class Portal(Protocol):
    """A portal that shows datasets: the local site, CKAN, ..."""

    name: str

    def plan(self, history: list[ReleaseFiles]) -> list[Difference]:
        """Compare what the portal has with what it should have; write nothing.

        Args:
            history: the dataset's releases, oldest first; the last one is current.
        """
        ...

    def apply(self, history: list[ReleaseFiles]) -> Publication:
        """Apply just what `plan` says: readers see the old release or the new one.

        Raises:
            PortalError: what the portal said and what to do; the old release is still shown.
        """
        ...

    def together(self) -> AbstractContextManager[None]:
        """Publish many datasets: what all of them share is made once, on leaving.

        Raises:
            PortalError: on leaving, what they share cannot be made.
        """
        ...


@runtime_checkable
class ShowsDrafts(Protocol):
    """A portal that can show a draft to those who decide about it, and to nobody else."""

    def show_draft(self, dataset: str, draft: ReleaseFiles | None) -> Publication | None:
        """Show the draft that waits, or remove one that waits no longer (`draft` is None)."""
        ...
