"""Reporters of a run's progress: the Protocol, and the failure log that notifications read."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from model.errors import OpenIndicatorsError, PortalError, SourceError, StoreError
from model.records.incident import Failure
from sources.urls import host_of
from warehouse.store import failure_log
from warehouse.store.data_dir import DataDir

Clock = Callable[[], datetime]

STAGES = ("snapshot", "table", "release", "publication")
RECORDS = "records"  # the stage of a failure that no step has, but the records themselves


class Reporter(Protocol):
    """Receives the progress of each step of each dataset."""

    def started(self, dataset: str, stage: str) -> None:
        """A step begins."""
        ...

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """A step succeeded; `changed` says whether it wrote anything new."""
        ...

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """A step failed; what follows it in this dataset does not run."""
        ...


class FailureLog:
    """Keeps failures until they are resolved, for notifications; the rest is in Dagster's log."""

    def __init__(self, data_dir: DataDir) -> None:
        self.data_dir = data_dir

    def started(self, dataset: str, stage: str) -> None:
        """Do nothing."""

    def finished(self, dataset: str, stage: str, changed: bool) -> None:
        """Resolve the step's failure, if there was one."""
        failure_log.resolved(self.data_dir, dataset, stage)

    def failed(self, dataset: str, stage: str, error: Exception) -> None:
        """Record the failure."""
        failure_log.note(self.data_dir, failure_of(dataset, stage, error))


def failure_of(dataset: str, stage: str, error: Exception) -> Failure:
    """Return the record of an `error` in a `stage` of a `dataset`, with its cause.

    All datasets that the cause breaks have it in common. An error that is not ours is a bug and
    says so.
    """
    if not isinstance(error, OpenIndicatorsError):
        error = OpenIndicatorsError(
            f"{type(error).__name__}: {error}",
            todo="this should not happen: see the log in `make ui`",
        )
    return Failure(
        dataset=dataset, stage=stage, kind=type(error).__name__,
        cause=_cause(dataset, stage, error), what=error.what, where=error.where, todo=error.todo,
    )


def _cause(dataset: str, stage: str, error: Exception) -> str:
    """Return where an error comes from: a host, a portal, the disk; else the dataset itself."""
    if isinstance(error, SourceError | PortalError):
        host = host_of(error.where)
        if host:
            return f"{'portal' if isinstance(error, PortalError) else 'source'} {host}"
    if isinstance(error, StoreError):
        return f"data folder: {error.what}"
    return f"dataset {dataset}, {stage}"
