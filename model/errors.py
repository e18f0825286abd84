"""Errors written for the person who must act: what happened, where, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.records.source_schema import Drift


class OpenIndicatorsError(Exception):
    """Something that a user, a source or a machine did, described so that it can be fixed.

    Args:
        what: what happened, one sentence, without the place.
        where: the place: file, line, column, row, URL, dataset. May be empty.
        todo: what to do next, one sentence. May be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error pass between processes, whatever its constructor asks for."""
        return _as_it_was, (type(self), self.args, vars(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  → {self.todo}" if self.todo else head


def _as_it_was(
    kind: type[OpenIndicatorsError], args: tuple[Any, ...], values: dict[str, Any]
) -> OpenIndicatorsError:
    error = kind.__new__(kind, *args)
    vars(error).update(values)
    return error


class DeclarationError(OpenIndicatorsError):
    """A declaration, suite or registry file is wrong."""

    exit_code = 3


class SourceError(OpenIndicatorsError):
    """A source could not be reached, or answered something that is not data."""

    exit_code = 4


class UnreachableError(SourceError):
    """A source did not answer, or said to come back later: trying again may help."""


class ChangedError(SourceError):
    """A source's answers do not belong together: asking again from the start may help."""


class ReadError(SourceError):
    """A payload could not be read: the message names file, line and column where known."""


class DriftError(SourceError):
    """A source has another schema than the one released last.

    `drift`: each change, as data.
    """

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", drift: tuple[Drift, ...] = ()
    ) -> None:
        self.drift = drift
        super().__init__(what, where=where, todo=todo)


class QualityError(OpenIndicatorsError):
    """A critical expectation failed, or too many rows went to quarantine."""

    exit_code = 5


class StoreError(OpenIndicatorsError):
    """The data folder could not be written or read: full, read-only, damaged."""

    exit_code = 6


class BusyError(StoreError):
    """Another run holds the data folder."""

    exit_code = 7


class PortalError(OpenIndicatorsError):
    """A portal refused or could not be reached."""

    exit_code = 8
