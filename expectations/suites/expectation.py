"""An expectation and a suite, as this project holds them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from expectations.checks.kinds import Level
from expectations.suites import VERSION
from model.records.validation import Severity
from model.util.hashing import sha256_json
from model.util.text import Bilingual, Frozen

# Relations that are no dataset: releases of the validated dataset itself.
PREVIOUS_RELEASE = "previous_release"
EARLIER_RELEASES = "earlier_releases"  # all of them, together


class Expectation(Frozen):
    """One expectation: `type` and `kwargs` are Great Expectations' own."""

    name: str  # unique in the suite, [a-z0-9_]
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    level: Level
    title: Bilingual

    @property
    def relations(self) -> frozenset[str]:
        """The relations, besides the table itself, without which it is not evaluated."""
        sides = [self.kwargs.get(side) for side in ("numerator", "denominator")]
        named = [self.kwargs.get("relation"), self.kwargs.get("dataset")]
        named += [side.get("dataset") for side in sides if isinstance(side, dict)]
        return frozenset(name for name in named if name)


class Suite(Frozen):
    """What is expected of a dataset."""

    dataset: str
    expectations: tuple[Expectation, ...]
    path: Path | None = None  # the file of the dataset's own expectations

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The datasets whose current release the suite compares with, by id."""
        found = {name for item in self.expectations for name in item.relations}
        return tuple(sorted(found - {PREVIOUS_RELEASE, EARLIER_RELEASES}))

    @cached_property
    def sha256(self) -> str:
        """The checksum of all that is expected, wherever the file lies."""
        return sha256_json(
            {"format": VERSION, "suite": self.model_dump(mode="json", exclude={"path"})}
        )
