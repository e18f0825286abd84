"""Totals against their parts, and shares against 100: what must add up inside a table."""

from __future__ import annotations

from typing import Any

from expectations.checks.series.points import columns
from expectations.checks.sql import in_template
from model.util.sql import identifier, literal

Kwargs = dict[str, Any]


def _only(kwargs: Kwargs) -> str:
    """Return the condition on the rows that are looked at: `indicators` and `where`."""
    conditions = ["isfinite(obs_value)"]
    if kwargs["indicators"]:
        conditions.append(f"indicator IN ({_list(kwargs['indicators'])})")
    conditions += [
        f"{identifier(column)} = {in_template(literal(value))}"
        for column, value in kwargs["where"].items()
    ]
    return " AND ".join(conditions)


def _list(values: list[str]) -> str:
    return ", ".join(in_template(literal(value)) for value in values)


def parts_and_totals(kwargs: Kwargs) -> str:
    """Totals that are not the sum of their parts, where every part is given."""
    column, total = identifier(kwargs["column"]), in_template(literal(kwargs["total"]))
    parts = kwargs["parts"]
    chosen = f"{column} IN ({_list(parts)})"
    others = [name for name in (*kwargs["series"], "time_period") if name != kwargs["column"]]
    return f"""
WITH point AS (SELECT * FROM {{batch}} WHERE {_only(kwargs)}),
part AS (
  SELECT {columns(others)}, sum(obs_value) AS expected, max(abs(obs_value)) AS largest
  FROM point WHERE {chosen} GROUP BY ALL HAVING count(DISTINCT {column}) = {len(parts)}
)
SELECT _id, obs_value AS observed, expected, obs_value / nullif(expected, 0) AS factor,
  {in_template(literal(" + ".join(parts)))} AS reference
FROM point JOIN part USING ({columns(others)})
WHERE {column} = {total}
  AND abs(obs_value - expected) > {kwargs["tolerance"]} * greatest(abs(obs_value), largest)"""


def shares(kwargs: Kwargs) -> str:
    """Observations of a whole whose shares do not add up to it, where every share is given."""
    column = identifier(kwargs["column"])
    others = [name for name in (*kwargs["series"], "time_period") if name != kwargs["column"]]
    return f"""
WITH point AS (
  SELECT * FROM {{batch}} WHERE {_only(kwargs)} AND {column} IN ({_list(kwargs["parts"])})
),
whole AS (
  SELECT {columns(others)}, sum(obs_value) AS total FROM point
  GROUP BY ALL HAVING count(DISTINCT {column}) = {len(kwargs["parts"])}
)
SELECT _id, obs_value AS observed, total, {kwargs["whole"]} AS expected
FROM point JOIN whole USING ({columns(others)})
WHERE abs(total - {kwargs["whole"]}) > {kwargs["tolerance"]}"""
