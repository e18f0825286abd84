"""What recognition finds in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Certainty = Literal["certain", "likely", "unsure"]


@dataclass(frozen=True)
class Guess:
    """One thing that was found out, with the evidence."""

    what: str  # the option or concept it is about, e.g. "encoding"
    value: str
    certainty: Certainty
    why: str


@dataclass(frozen=True)
class Table:
    """A table of the file, and what reads it.

    protocol, options: as a source of a declaration has them, `files` left out.
    kind: the reader in words, e.g. "files csv".
    place: the member of an archive, or the sheet, "" where the file is the table.
    """

    protocol: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class NoTable:
    """Something that is read, or could be, but holds no table.

    kind: the reader that needs it, e.g. "sdmx structure".
    what: what it is, in words.
    entries: how many codes, datasets or records it has, where that can be counted.
    """

    kind: str
    what: str
    entries: int | None = None
    place: str = ""


@dataclass(frozen=True)
class Refused:
    """A member of an archive, or a sheet, that cannot be read, and why."""

    reason: str
    place: str


Found = Table | NoTable | Refused
