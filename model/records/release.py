"""The record of a release, `release.json`: immutable, with the checksum of each file.

A field added later needs a default, so that earlier records can still be read.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from model.records.snapshot import InputRelease
from model.util.hashing import sha256_json
from model.util.text import Frozen, Text


class FileRecord(Frozen):
    """A file and its checksum."""

    name: str
    sha256: str
    bytes: int


# A table printed with seven significant digits (single precision, FLT_DIG of C is 6) differs by up
# to this, relatively, from the same figures in double precision: another notation, no revision.
REPRESENTATION = 1e-6


class Changes(Frozen):
    """How many observations differ from the release before."""

    added: int
    revised: int
    withdrawn: int


StructureKind = Literal["added", "withdrawn", "unit", "definition"]


class StructureChange(Frozen):
    """What a release changed besides figures.

    change: `added` or `withdrawn`: codes that came or went; `unit`, `definition`: what these
        indicators mean is another thing.
    column: the column of the codes; `column` where they are columns themselves.
    codes: in order.
    """

    change: StructureKind
    column: str
    codes: tuple[str, ...]


class Decision(Frozen):
    """What a person decided about a release, kept in the record of the release it led to."""

    kind: Literal["approved", "rollback", "withdrawal"]
    by: Text
    at: datetime
    reason: Text | None = None  # in the person's own words, shown on the portal
    of_release: int | None = None  # rollback: the release whose content came back
    successor: str | None = None  # withdrawal: the dataset that takes its place


class Release(Frozen):
    """A numbered, immutable release: `releases/<dataset>/<number>/release.json`."""

    dataset: str
    number: int = Field(ge=1)
    profile: str | None = None  # None: made before profiles were recorded
    issued: datetime
    reason: Literal[
        "first release", "source changed", "declaration changed", "suite changed",
        "rows accepted", "code changed", "rollback", "withdrawal",
    ]
    inputs_sha256: str  # of snapshot, declaration, suite and accepted rows
    snapshot_sha256: str
    declaration_sha256: str
    suite_sha256: str
    acceptances_sha256: str | None = None  # None where no row was ever accepted
    code_version: str
    rows: int
    quarantined: int
    changes: Changes
    period_first: str | None
    period_last: str | None
    files: tuple[FileRecord, ...]
    declaration: dict[str, Any]  # the declaration as it was: an old release explains itself
    decision: Decision | None = None  # None where no person decided
    version: str | None = None  # None: made before versions were recorded
    structure: tuple[StructureChange, ...] = ()
    computed_from: tuple[InputRelease, ...] = ()  # of a computed dataset

    @model_serializer(mode="wrap")
    def _as_recorded(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a record has none of: its checksum stays what it was."""
        record: dict[str, Any] = dump(self)
        if self.version is None:
            del record["version"], record["structure"]
        if not self.computed_from:
            del record["computed_from"]
        return record

    @property
    def semantic_version(self) -> str:
        """Major, minor and patch version; a release without one was published as `<number>.0.0`."""
        return self.version or f"{self.number}.0.0"

    def file(self, name: str) -> FileRecord:
        """Return the record of a file of this release."""
        return next(file for file in self.files if file.name == name)


@dataclass(frozen=True)
class Inputs:
    """What a release is made from."""

    snapshot_sha256: str
    declaration_sha256: str
    suite_sha256: str
    code_version: str
    acceptances_sha256: str | None = None  # of the rows that people accepted
    profile: str | None = None  # recorded, no part of the checksum
    computed_from: tuple[InputRelease, ...] = ()  # recorded; the snapshot names the same

    @property
    def sha256(self) -> str:
        """Checksum of what decides about a new release; the code is not part of it."""
        accepted = [self.acceptances_sha256] if self.acceptances_sha256 else []
        return sha256_json(
            [self.snapshot_sha256, self.declaration_sha256, self.suite_sha256, *accepted]
        )


class LedgerEntry(Frozen):
    """A number that a release of a dataset has used: a line of `ledger/<dataset>.jsonl`.

    sha256: of the bytes of its `release.json`, which has the checksums of the release's files.
    given_up: the release was lost, and a person has decided to go on without it.
    """

    number: int
    issued: datetime
    sha256: str
    given_up: bool = False


class Difference(Frozen):
    """One line of a publication plan."""

    dataset: str
    change: Literal["+", "~", "-", "="]
    what: str  # e.g. "file data.csv", "metadata", "rows"
    detail: str = ""


class Publication(Frozen):
    """What a portal shows of a dataset after publishing."""

    dataset: str
    portal: str
    release: int
    url: str
    changed: bool
    differences: tuple[Difference, ...]
