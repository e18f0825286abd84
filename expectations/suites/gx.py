"""A suite as Great Expectations' own, for any context of it to run or store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expectations.checks.base import UNEXPECTED_ROWS
from expectations.checks.stock.common import StockCheck
from expectations.suites import VERSION
from expectations.suites.expectation import Expectation, Suite
from model.errors import DeclarationError

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite


def to_gx(suite: Suite) -> ExpectationSuite:
    """Return the suite as Great Expectations' own.

    Names, titles and levels are in each expectation's `meta`. A check of this project is an
    `unexpected_rows_expectation` with the query written out; its type, its arguments and the
    relations that it compares with are in `meta` too.
    """
    # Seconds to import: only for whoever needs it.
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415

    made = ExpectationSuite(
        name=suite.dataset,
        expectations=[_configuration(expectation) for expectation in suite.expectations],
        meta={"suite_format": str(VERSION), "suite_sha256": suite.sha256},
    )
    # Great Expectations logs an expectation that it cannot make, and goes on without it.
    if len(made.expectations) != len(suite.expectations):
        made_names = {(expectation.meta or {}).get("name") for expectation in made.expectations}
        lost = [item.name for item in suite.expectations if item.name not in made_names]
        raise DeclarationError(
            f"Great Expectations does not take {', '.join(lost)}",
            where=str(suite.path or suite.dataset), todo="check the arguments of these",
        )
    return made


def _configuration(expectation: Expectation) -> dict[str, Any]:
    kind, kwargs = expectation.type, dict(expectation.kwargs)
    own: dict[str, Any] = {}
    if not isinstance(expectation.check, StockCheck) and kind != UNEXPECTED_ROWS:
        own = {"expectation": kind, "kwargs": kwargs}
        if expectation.relations:
            own["relations"] = sorted(expectation.relations)
        kind = UNEXPECTED_ROWS
        kwargs = {"unexpected_rows_query": expectation.check.query()}
    return {
        "type": kind,
        "kwargs": kwargs,
        "severity": expectation.severity,
        "description": expectation.title.get("en"),
        "meta": {
            "name": expectation.name,
            "level": expectation.level,
            "title": expectation.title.model_dump(),
            **own,
        },
    }
