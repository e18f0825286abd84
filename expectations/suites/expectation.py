"""An expectation and a suite, as this project holds them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from expectations.checks.kinds import Level
from model.records.validation import Severity
from model.util.hashing import sha256_json
from model.util.text import Bilingual, Frozen

# Part of every suite's checksum: raise it when the meaning of a suite changes.
SUITE_FORMAT = "1"


class Expectation(Frozen):
    """One expectation: `type` and `kwargs` are Great Expectations' own."""

    name: str  # unique in the suite, [a-z0-9_]
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    level: Level
    title: Bilingual


class Suite(Frozen):
    """What is expected of a dataset."""

    dataset: str
    expectations: tuple[Expectation, ...]
    path: Path | None = None  # the file of the dataset's own expectations

    @cached_property
    def sha256(self) -> str:
        """The checksum of all that is expected, wherever the file lies."""
        return sha256_json(
            {"format": SUITE_FORMAT, "suite": self.model_dump(mode="json", exclude={"path"})}
        )
