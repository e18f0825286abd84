"""An expectation and a suite, as this project holds them."""

from functools import cached_property
from pathlib import Path
from typing import Any

from expectations.checks.base import EARLIER_RELEASES, PREVIOUS_RELEASE, Check, Level
from expectations.checks.registry import all_checks
from expectations.suites import VERSION
from model.records.validation import Severity
from model.util.hashing import canonical_json, canonical_list, canonical_object, sha256_bytes
from model.util.text import Frozen, LocalizedText


class Expectation(Frozen):
    """One expectation: a check with its arguments, under a name, with a severity."""

    name: str  # unique in the suite, [a-z0-9_]
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    level: Level
    title: LocalizedText
    acceptable: bool = True  # whether a person may accept a row that breaks it

    @cached_property
    def check(self) -> Check:
        """The check."""
        return all_checks()[self.type].model_validate(self.kwargs)

    @cached_property
    def canonical(self) -> tuple[str, str]:
        """Its canonical JSON and that of its query: made once for all suites that have it."""
        return canonical_json(self), canonical_json(self.check.query())

    @cached_property
    def description(self) -> str:
        """Its title in all languages."""
        return self.title.in_all("\n\n")

    @cached_property
    def relations(self) -> frozenset[str]:
        """The relations, besides the table itself, without which it is not evaluated."""
        return self.check.relations() if all_checks()[self.type].has_relations() else frozenset()


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
        """The checksum of all that is expected, wherever the file lies.

        It includes the queries: a check that finds something else makes another suite.
        """
        expectations = canonical_list(item.canonical[0] for item in self.expectations)
        suite = {"dataset": canonical_json(self.dataset), "expectations": expectations}
        return sha256_bytes(canonical_object({
            "format": canonical_json(VERSION),
            "suite": canonical_object(suite),
            "queries": canonical_list(item.canonical[1] for item in self.expectations),
        }).encode())
