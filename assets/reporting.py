"""Who is told how a run goes: the terminal's live display, or nobody."""

from __future__ import annotations

from typing import Protocol

STAGES = ("snapshot", "table", "release", "publication")


class Reporter(Protocol):
    """Is told of each step of each dataset."""

    def started(self, dataset: str, stage: str) -> None:
        """A step begins."""
        ...

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """A step ended well; `changed` says whether it wrote anything new."""
        ...

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """A step failed; what follows it in this dataset does not run."""
        ...


class Silent:
    """Tells nobody: Dagster's own log has it all."""

    def started(self, dataset: str, stage: str) -> None:
        """Say nothing."""

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """Say nothing."""

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """Say nothing."""
