"""Datasets against each other: the same indicator from two sources, and rates against counts.

The other dataset's current release is a relation that has the dataset's id as its name.
"""

from __future__ import annotations

from typing import Any

from expectations.checks.sql import in_template
from model.util.sql import identifier, literal

Kwargs = dict[str, Any]


def _where(where: dict[str, str], table: str) -> str:
    return "".join(
        f" AND {table}.{identifier(column)} = {in_template(literal(value))}"
        for column, value in where.items()
    )


def agreement(kwargs: Kwargs) -> str:
    """Observations that differ from another dataset's of the same area and period."""
    pairs = ", ".join(
        f"({in_template(literal(own))}, {in_template(literal(other))})"
        for own, other in kwargs["indicators"].items()
    )
    return f"""
WITH same(own, theirs) AS (VALUES {pairs}),
other AS (
  SELECT own AS indicator, ref_area, time_period, obs_value AS expected
  FROM {identifier(kwargs["dataset"])} AS o JOIN same ON o.indicator = same.theirs
  WHERE isfinite(obs_value){_where(kwargs["their_where"], "o")}
)
SELECT b._id, b.obs_value AS observed, expected, b.obs_value / nullif(expected, 0) AS factor,
  {in_template(literal(kwargs["dataset"]))} AS reference
FROM {{batch}} AS b JOIN other USING (indicator, ref_area, time_period)
WHERE isfinite(b.obs_value){_where(kwargs["where"], "b")}
  AND abs(b.obs_value - expected) > {kwargs["tolerance"]} * greatest(abs(expected), 1e-300)"""


def rates(kwargs: Kwargs) -> str:
    """Observations of a rate that is not its numerator by its denominator, times `per`.

    Numerator and denominator are indicators of this table, or of the dataset that is named.
    """

    def count(side: str) -> str:
        source = kwargs[side]
        table = identifier(source["dataset"]) if source.get("dataset") else "{batch}"
        code = in_template(literal(source["indicator"]))
        return (
            f"SELECT ref_area, time_period, obs_value AS v FROM {table} AS o"
            f" WHERE isfinite(obs_value) AND indicator = {code}"
            + _where(source.get("where", {}), "o")
        )

    return f"""
WITH above AS ({count("numerator")}), below AS ({count("denominator")})
SELECT b._id, b.obs_value AS observed, above.v / below.v * {kwargs["per"]} AS expected,
  b.obs_value / nullif(expected, 0) AS factor, above.v || ' / ' || below.v AS reference
FROM {{batch}} AS b JOIN above USING (ref_area, time_period)
  JOIN below USING (ref_area, time_period)
WHERE below.v > 0 AND isfinite(b.obs_value)
  AND b.indicator = {in_template(literal(kwargs["indicator"]))}{_where(kwargs["where"], "b")}
  AND abs(observed - expected) > {kwargs["tolerance"]} * greatest(abs(expected), 1e-300)"""
