"""A suite for others: Great Expectations' own JSON, and the program that runs it without us.

`suite.json` runs in any Great Expectations on DuckDB that has the table with its rows numbered in
`_id`, and what it is compared with as tables under their names; `validate.py` makes that so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from expectations.checks.kinds import UNEXPECTED_ROWS
from expectations.runner.plan import Plan
from expectations.suites.expectation import Suite
from expectations.suites.suite import to_gx
from model.util.disk import write_if_changed

# Great Expectations has no regular expressions on DuckDB: it knows their syntax for its own
# dialects only (`get_dialect_regex_expression` of 1.24).
_NOT_ON_DUCKDB = (
    "expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex",
)

# What Great Expectations gives to SQLAlchemy's `text` takes `:name` for a parameter (as in the
# regular expression `(?:a|b)`), unless it is written `\:name`.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_ROWS = "unexpected_rows_query"
# The rows that an expectation is about, and those of them without a value.
_LOOKED_AT = ("table.row_count", "column_values.nonnull.unexpected_count")


def export(suite: Suite, folder: Path) -> None:
    """Write `suite.json` and `validate.py`.

    Args:
        suite: everything that is expected of a dataset (`full_suite`).
        folder: where; it is made, and files of these names are replaced.
    """
    text = json.dumps(exported(suite), ensure_ascii=False, indent=2) + "\n"
    write_if_changed(folder / "suite.json", text.encode())
    write_if_changed(
        folder / "validate.py", Path(__file__).with_name("standalone.py").read_bytes()
    )


def exported(suite: Suite) -> dict[str, Any]:
    """Return a suite as JSON of Great Expectations that it runs on DuckDB as it comes."""
    from expectations.runner.duckdb_engine import prepare  # noqa: PLC0415  (seconds to import)

    made = to_gx(suite)
    plans = prepare(made).plans
    document: dict[str, Any] = made.to_json_dict()
    for item in document["expectations"]:
        if item["type"] in _NOT_ON_DUCKDB:
            query = _query(plans[item["meta"]["name"]], item["kwargs"].get("mostly", 1))
            item["meta"] |= {"expectation": item["type"], "kwargs": item["kwargs"]}
            item |= {"type": UNEXPECTED_ROWS, "kwargs": {_ROWS: query}}
        if item["type"] == UNEXPECTED_ROWS:
            item["kwargs"][_ROWS] = _PARAMETER.sub(r"\\:\1", item["kwargs"][_ROWS])
    return document


def _query(plan: Plan, mostly: float) -> str:
    """Return the query for the rows that break a condition; none where `mostly` is fulfilled."""
    condition: Any = plan.rows  # a regular expression is a `Condition`
    broken, rows, nulls = (
        sql.replace("{", "{{").replace("}", "}}")
        for sql in (condition.sql, *(plan.metrics[name] for name in _LOOKED_AT))
    )
    query = f"SELECT * FROM {{batch}} WHERE ({broken})"
    if mostly == 1:
        return query
    return (
        f"{query} AND (SELECT (n - broken) / n < {mostly!r} FROM (SELECT {rows} - ({nulls}) AS n,"
        f" count(*) FILTER (WHERE {broken}) AS broken FROM {{batch}}))"
    )
