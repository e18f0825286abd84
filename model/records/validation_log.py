"""The validation log, accepted rows and accepted checks: a line of each log, as a type."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from model.records.validation import Outcome, QualityDimension, ReleaseBlocker, Score
from model.util.hashing import sha256_json
from model.util.text import Frozen, Text


class CheckOutcome(Frozen):
    """What a validation run found of a check that did not pass."""

    name: str
    outcome: Outcome
    evaluated: int
    unexpected: int


class ValidationRun(Frozen):
    """One validation of a table, kept for good: a line of `validation_log/<dataset>/log.jsonl`.

    A validation run with the result of the last one, on the same inputs, is not kept again.
    """

    dataset: str
    number: int = Field(ge=1)
    at: datetime
    inputs_sha256: str  # snapshot, declaration, suite, accepted rows
    snapshot_sha256: str
    record_sha256: str  # of the complete record, `validation_log/<dataset>/<record_sha256>.json`
    data_sha256: str  # of the data that may be released; empty where no table could be made
    algorithm: str  # version of the scores
    blockers: tuple[ReleaseBlocker, ...] | None  # why it could not be released, or None
    rows_read: int
    rows_released: int
    rows_quarantined: int
    period_last: str | None  # the newest period of the data that is no forecast
    scores: tuple[Score, ...]
    passed: tuple[str, ...]  # names of the checks that passed
    open: tuple[CheckOutcome, ...]  # the others: warned, failed, or not evaluated

    @property
    def made(self) -> bool:
        """Whether there was a table to validate."""
        return self.data_sha256 != ""

    def score(self, dimension: QualityDimension) -> Score | None:
        """Return the score in a dimension, or None where it was not measured."""
        return next((item for item in self.scores if item.dimension == dimension), None)


class Acceptance(Frozen):
    """A person's decision to release a row that was quarantined, as long as it stays as it is."""

    dataset: str
    row_sha256: str  # of the row's values, column by column
    row: dict[str, str | float | None]  # the values themselves
    checks: tuple[str, ...]  # the checks that the row may break
    by: Text
    at: datetime
    reason: Text


class CheckAcceptance(Frozen):
    """A person's decision that a check on the whole table does not block the release of a snapshot.

    The next snapshot is validated anew.
    """

    dataset: str
    check: str
    snapshot_sha256: str
    found: str  # what the check found, as the person saw it
    by: Text
    at: datetime
    reason: Text


def row_sha256(row: Mapping[str, Any]) -> str:
    """Return the checksum of a row's values, by which an acceptance knows it again."""
    return sha256_json(dict(row))
