"""Export a suite: Great Expectations' own JSON, and the program that runs it without this project.

`suite.json` runs in any Great Expectations on DuckDB that has the table with its rows numbered in
`_id`, and what it is compared with as tables under their names; `validate.py` makes that so.
"""

import json
import re
from pathlib import Path
from typing import Any

from expectations.checks.base import UNEXPECTED_ROWS
from expectations.checks.sql import in_template
from expectations.checks.stock.common import StockRowCheck
from expectations.runner.plan import NULLS, ROWS, plan_of
from expectations.suites.expectation import Expectation, Suite
from expectations.suites.gx import to_gx
from model.util.disk import write_if_changed

# Great Expectations has no regular expressions on DuckDB: it knows their syntax for its own
# dialects only (`get_dialect_regex_expression` of 1.24).
_NOT_ON_DUCKDB = ("expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex")

# What Great Expectations gives to SQLAlchemy's `text` takes `:name` for a parameter (as in the
# regular expression `(?:a|b)`), unless it is written `\:name`.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_ROWS = "unexpected_rows_query"


def export(suite: Suite, folder: Path) -> None:
    """Write `suite.json` and `validate.py` for a `suite` (all that is expected) into a `folder`.

    It is made, and files of these names are replaced.
    """
    text = json.dumps(exported(suite), ensure_ascii=False, indent=2) + "\n"
    write_if_changed(folder / "suite.json", text.encode())
    write_if_changed(folder / "validate.py", Path(__file__).with_name("standalone.py").read_bytes())


def exported(suite: Suite) -> dict[str, Any]:
    """Return a suite as JSON of Great Expectations that it runs on DuckDB as it comes."""
    by_name = {item.name: item for item in suite.expectations}
    document: dict[str, Any] = to_gx(suite).to_json_dict()
    for item in document["expectations"]:
        if item["type"] in _NOT_ON_DUCKDB:
            query = _query(by_name[item["meta"]["name"]])
            item["meta"] |= {"expectation": item["type"], "kwargs": item["kwargs"]}
            item |= {"type": UNEXPECTED_ROWS, "kwargs": {_ROWS: query}}
        if item["type"] == UNEXPECTED_ROWS:
            item["kwargs"][_ROWS] = _PARAMETER.sub(r"\\:\1", item["kwargs"][_ROWS])
    return document


def _query(expectation: Expectation) -> str:
    """Return the query for the rows that break a condition; none where `mostly` is fulfilled."""
    plan = plan_of(expectation)
    assert plan is not None and isinstance(expectation.check, StockRowCheck)  # noqa: S101
    condition: Any = plan.rows  # a regular expression is a `Condition`
    broken, rows, nulls = map(
        in_template, (condition.sql, plan.aggregates[ROWS], plan.aggregates[NULLS])
    )
    query, mostly = f"SELECT * FROM {{batch}} WHERE ({broken})", expectation.check.mostly
    if mostly == 1:
        return query
    return (
        f"{query} AND (SELECT (n - broken) / n < {mostly!r} FROM (SELECT {rows} - ({nulls}) AS n,"
        f" count(*) FILTER (WHERE {broken}) AS broken FROM {{batch}}))"
    )
