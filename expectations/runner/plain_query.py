"""Is a query for unexpected rows no more than a condition on single rows?

Then it need not be a query of its own: the condition is counted in the same scan as all others.
DuckDB's own parser decides: the condition must mean the same in a query and in a FILTER clause.
"""

import json
import re
from functools import lru_cache
from typing import Any

from expectations.suites.inline import parser

_QUERY = re.compile(r"\s*SELECT\s+\*\s+FROM\s+\{batch\}\s+WHERE\b", re.IGNORECASE)
_NOT_OF_ONE_ROW = {"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "POSITIONAL_REFERENCE"}


@lru_cache(maxsize=4096)
def plain_condition(query: str) -> str | None:
    """Return the condition of `SELECT * FROM {batch} WHERE condition`, braces undone, or None."""
    start = _QUERY.match(query)
    if start is None:
        return None
    text = query[start.end():].rstrip("; \t\r\n")
    if "{batch}" in text:
        return None
    condition = f"({text.replace('{{', '{').replace('}}', '}')}\n)"
    queried = _parsed(f"SELECT * FROM batch WHERE{condition[1:-1]}")
    counted = _parsed(f"SELECT count(*) FILTER (WHERE {condition}) FROM batch")
    if queried is None or counted is None:
        return None
    tree = queried["where_clause"]
    same = tree == counted["select_list"][0].get("filter")
    return condition if same and _of_one_row(tree) else None


def _parsed(query: str) -> dict[str, Any] | None:
    rows = parser().execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    answer = json.loads(rows[0][0], object_hook=_without_place)
    statements = answer.get("statements", [])
    return statements[0]["node"] if len(statements) == 1 else None


def _without_place(node: dict[str, Any]) -> dict[str, Any]:
    node.pop("query_location", None)
    return node


def _of_one_row(tree: Any) -> bool:
    if isinstance(tree, list):
        return all(_of_one_row(item) for item in tree)
    if not isinstance(tree, dict):
        return True
    if tree.get("class") in _NOT_OF_ONE_ROW:
        return False
    # `table.column`: the table has another name in the common scan.
    if tree.get("class") == "COLUMN_REF" and len(tree["column_names"]) != 1:
        return False
    return all(_of_one_row(item) for item in tree.values())
