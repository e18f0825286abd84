"""Results of recognition: tables, contents without a table, and what cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Certainty = Literal["certain", "likely", "unsure"]


@dataclass(frozen=True)
class Guess:
    """A guess, with its evidence."""

    what: str  # the option or concept it is about, e.g. "encoding"
    value: str
    certainty: Certainty
    why: str


@dataclass(frozen=True)
class RecognisedTable:
    """A table of the file, and the connector and options that read it.

    protocol, options: as in the source of a declaration, without `files`.
    kind: the reader in words, e.g. "files csv".
    above: what the source says of it: the lines above the table, or its title and unit.
    below: the notes at its end, which are not read.
    place: the member of an archive, the sheet, or the frequency, "" where the file is the table.
    rows: the values of columns that its rows have, where the file has others besides.
    """

    protocol: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    place: str = ""
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NoTable:
    """Content that is known but holds no table.

    kind: the reader that needs it, e.g. "sdmx structure".
    what: a description.
    entries: how many codes, datasets or records it has, where that can be counted.
    """

    kind: str
    what: str
    entries: int | None = None
    place: str = ""


@dataclass(frozen=True)
class RefusedContent:
    """A member of an archive, or a sheet, that cannot be read, and why."""

    reason: str
    place: str


Found = RecognisedTable | NoTable | RefusedContent
