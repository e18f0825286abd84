"""A table looked at in parts, each by itself, and what they are like together.

That is right where no series is in two parts: rows are counted, and what one series is like is seen
in its own part. What compares series with each other, or adds up over all, needs the whole table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import duckdb

from expectations.runner.measure import Measured, measure
from expectations.runner.plan import Condition, Key, Plan
from expectations.runner.prefilter import skippable
from expectations.suites.expectation import Expectation


@dataclass(frozen=True)
class PartFindings:
    """What was found in a part of a table, or in several together.

    asked: the expectations that were looked at, by name.
    skipped: those of them that find nothing.
    measured: what was measured for others; what is in neither may find something in the whole.
    """

    asked: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    measured: Mapping[str, Measured] = field(default_factory=dict)


class Parts(Protocol):
    """Looks at the readable rows of a table in parts, wherever these are."""

    def __call__(
        self, con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation],
        plans: Mapping[str, Plan],
    ) -> PartFindings:
        """Look at the rows that are not in `quarantine` on `con`.

        Args:
            con: the connection that validates the table.
            expectations: all of the suite that can be evaluated.
            plans: how they are computed, by name.
        """
        ...


def look(
    con: duckdb.DuckDBPyConnection, relation: str, expectations: Sequence[Expectation],
    plans: Mapping[str, Plan], series: Sequence[str],
) -> PartFindings:
    """Look at one part of a table.

    Args:
        con: the connection that has the part.
        relation: its name; no series has rows in another part.
        expectations: all of the suite.
        plans: how they are computed, by name.
        series: the columns of a series.
    """
    any_part = [
        item for item in expectations if (needed := item.check.may_find()) and needed.of_any
    ]
    skipped = skippable(con, relation, any_part)
    counted = {
        item.name: plans[item.name] for item in expectations
        if item.name in plans and _is_counted(item, plans[item.name], series)
    }
    _, measured = measure(
        con, relation, {name: plan for name, plan in counted.items() if name not in skipped}
    )
    asked = {item.name for item in any_part} | counted.keys()
    return PartFindings(frozenset(asked), frozenset(skipped), measured)


def _is_counted(expectation: Expectation, plan: Plan, series: Sequence[str]) -> bool:
    """Return whether the rows that break an expectation are those that do in each part."""
    if isinstance(plan.rows, Condition):
        return True
    if isinstance(plan.rows, Key):
        return set(series) <= set(plan.rows.columns)
    return expectation.check.within_series


def together(parts: Iterable[PartFindings]) -> PartFindings:
    """Return what was found in several parts together; of each series all rows are in one."""
    every = list(parts)
    skipped = frozenset.intersection(*(part.skipped for part in every))
    names = dict.fromkeys(name for part in every for name in part.measured)
    measured = {
        name: _sum([part.measured[name] for part in every if name in part.measured])
        for name in names
    }
    return PartFindings(every[0].asked, skipped, measured)


def _sum(found: Sequence[Measured]) -> Measured:
    """Return the numbers of rows added up; of several errors the first, by its text."""
    return Measured(
        {name: sum(each.values[name] for each in found if not each.error)
         for name in found[0].values},
        sum(each.unexpected for each in found),
        min((each.error for each in found if each.error), default=None),
        sum(each.seconds for each in found),
    )
