"""Validate a suite on a DuckDB connection: few statements count, Great Expectations judges.

What checks need of a table is computed together, in one scan (`plan`, `measure`). What they do not
give in SQL is run by Great Expectations itself, through its public interface: the rows are copied
to a DuckDB file of their own, and validated as an exported suite is
(`expectations.suites.standalone`). No suite of the project has such an expectation today. A suite
is prepared once, and kept by its checksum. Importing this module imports Great Expectations
(a second): import it inside the function that runs it.
"""

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import duckdb

from expectations.runner import gx_internals
from expectations.runner.gx_internals import GxCheck
from expectations.runner.measure import Measured, measure
from expectations.runner.plan import Plan, plan_of
from expectations.suites import standalone
from expectations.suites.expectation import Expectation, Suite
from expectations.suites.gx import to_gx
from model.util.sql import identifier, literal

# It warns about what it cannot reflect of a table; what matters is in its results.
logging.getLogger("great_expectations").setLevel(logging.ERROR)

VERSIONS = {"great_expectations": gx_internals.VERSION, "duckdb": duckdb.__version__}
_KEPT = 5_000
_INDEX = "unexpected_index_list"  # in a result of Great Expectations
_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": ["_id"]}


def _run_by_gx(
    con: duckdb.DuckDBPyConnection, relation: str, expectations: Sequence[Expectation]
) -> list[Any]:
    """Run `expectations` as Great Expectations does, on the table or view `relation` with `_id`.

    The connection `con`, which has it, is left as it was.

    Returns:
        Great Expectations' results, with the `_id` of unexpected rows.
    """
    suite = to_gx(Suite(dataset="rest", expectations=tuple(expectations)))
    with copied(con, relation) as database:
        return standalone.run(database, suite, _FORMAT)


@contextmanager
def copied(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Path]:
    """Provide a DuckDB file with the rows of a relation of `con`, for `standalone.run`."""
    with tempfile.TemporaryDirectory(prefix="openindicators-") as folder:
        database = Path(folder, "rows.duckdb")
        con.execute(f"ATTACH {literal(database)} AS _gx_rows")
        try:
            con.execute(f"CREATE TABLE _gx_rows.{standalone.TABLE} AS FROM {identifier(relation)}")
        finally:
            con.execute("DETACH _gx_rows")
        yield database


@dataclass(frozen=True)
class Finding:
    """What was found for one expectation.

    `evaluated` and `unexpected` are numbers of rows. `ids_query` selects the `_id` of every
    unexpected row, for expectations on rows. `seconds` is how long its own query took, or its share
    of what counts many together. `result` is Great Expectations' own.
    """

    success: bool
    evaluated: int
    unexpected: int
    observed: Any = None
    ids_query: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Prepared:
    """A suite, ready to run on any relation; what has no plan is run by Great Expectations."""

    expectations: Mapping[str, Expectation]
    plans: Mapping[str, Plan]
    gx_checks: Mapping[str, GxCheck]

    def without(self, names: Collection[str]) -> Self:
        """Return the suite without some of its expectations."""
        kept = {name: item for name, item in self.expectations.items() if name not in names}
        plans = {name: plan for name, plan in self.plans.items() if name in kept}
        return type(self)(kept, plans, self.gx_checks)


_prepared: dict[str, Prepared] = {}


def prepared(suite: Suite) -> Prepared:
    """Return a suite ready to run; it is kept by its checksum."""
    if suite.sha256 not in _prepared:
        if len(_prepared) >= _KEPT:
            _prepared.clear()
        plans = {item.name: plan for item in suite.expectations if (plan := plan_of(item))}
        _prepared[suite.sha256] = Prepared(
            {item.name: item for item in suite.expectations}, plans,
            gx_internals.gx_checks(suite.expectations, plans),
        )
    return _prepared[suite.sha256]


def run(
    con: duckdb.DuckDBPyConnection, relation: str, ready: Prepared,
    before: Mapping[str, Finding] | None = None, elsewhere: Mapping[str, Measured] | None = None,
) -> dict[str, Finding]:
    """Run a suite on a table or view.

    Args:
        con: the connection; it is left as it was.
        relation: name of a table or view with a column `_id`.
        ready: the suite.
        before: what was found in these rows and others together. Where no row of those broke an
            expectation on each row by itself, none of these does.
        elsewhere: what was measured already, by the expectation's name.

    Returns:
        What was found, by the expectation's name. An expectation that raised has `error`.
    """
    kept = {
        name for name, finding in (before or {}).items()
        if not finding.unexpected and not finding.error
    }
    done = elsewhere or {}
    plans = {name: plan for name, plan in ready.plans.items() if name not in done}
    rows, measured = measure(con, relation, plans, kept)
    measured |= done
    found = {
        name: _validated(ready.gx_checks[name], plan, relation, rows, measured[name])
        for name, plan in ready.plans.items()
    }
    rest = [item for name, item in ready.expectations.items() if name not in ready.plans]
    if rest:
        begun = perf_counter()
        results = _run_by_gx(con, relation, rest)
        share = (perf_counter() - begun) / len(rest)
        for result in results:
            configuration: Any = result.expectation_config
            found[configuration.meta["name"]] = _found(result, rows, share)
    return {name: found[name] for name in ready.expectations}


def _validated(check: GxCheck, plan: Plan, relation: str, rows: int, measured: Measured) -> Finding:
    """Let Great Expectations validate by what was measured."""
    if measured.error:
        return Finding(
            success=False, evaluated=0, unexpected=0, error=_short(measured.error),
            seconds=measured.seconds,
        )
    success, result = check.result(plan, measured.values, measured.unexpected)
    by_query = plan.rows is not None and not plan.aggregates
    evaluated = result.get("element_count")
    return Finding(
        success=success,
        evaluated=rows if evaluated is None else evaluated,
        unexpected=measured.unexpected,
        observed=None if by_query else result.get("observed_value"),
        ids_query=plan.rows.ids_query(relation) if plan.rows is not None else None,
        result=result,
        seconds=measured.seconds,
    )


def _found(result: Any, rows: int, seconds: float) -> Finding:
    """Read what Great Expectations found by itself."""
    error = standalone.raised(result.exception_info or {})
    if error:
        # SQLAlchemy appends the whole statement, which says nothing that the arguments do not.
        message = _short(error.split("[SQL:")[0])
        return Finding(success=False, evaluated=0, unexpected=0, error=message, seconds=seconds)
    found = result.result or {}
    ids = sorted(each["_id"] for each in found.get(_INDEX) or ())
    evaluated = found.get("element_count")
    return Finding(
        success=bool(result.success),
        evaluated=rows if evaluated is None else evaluated,
        unexpected=int(found.get("unexpected_count") or 0),
        observed=found.get("observed_value"),
        # Only an expectation on rows has an index: one on the column counts its distinct values.
        ids_query=f"SELECT unnest({ids}::BIGINT[]) AS _id" if _INDEX in found else None,
        # Samples come in the order of a parallel scan, another one each time.
        result={
            key: value for key, value in found.items()
            if key == "observed_value" or not isinstance(value, list)
        },
        seconds=seconds,
    )


def _short(message: str) -> str:
    first = " ".join(message.split())
    return first if len(first) <= 500 else first[:497] + "..."
