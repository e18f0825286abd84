"""Checks against other datasets: the same indicator from two sources, and rates against counts.

The other dataset's current release is a relation that has the dataset's id as its name; a suite
names those that it needs as `Suite.inputs`.
"""

from expectations.checks.base import Check
from expectations.checks.sql import text, where
from model.util.sql import identifier
from model.util.text import Frozen


class AgreementWithDataset(Check):
    """An observation that differs from another dataset's of the same area and period.

    `indicators` maps this dataset's codes to the other's; off by more than `tolerance` of theirs.
    """

    type = "expect_values_to_agree_with_dataset"
    vi = "giá trị khớp với tập dữ liệu khác có cùng chỉ tiêu"
    en = "the values agree with another dataset that has the same indicator"

    dataset: str
    indicators: dict[str, str]
    where: dict[str, str] = {}
    their_where: dict[str, str] = {}
    tolerance: float = 0.01

    def query(self) -> str:
        pairs = ", ".join(f"({text(own)}, {text(other)})" for own, other in self.indicators.items())
        return f"""
WITH same(own, theirs) AS (VALUES {pairs}),
other AS (
  SELECT own AS indicator, ref_area, time_period, obs_value AS expected
  FROM {identifier(self.dataset)} AS o JOIN same ON o.indicator = same.theirs
  WHERE isfinite(obs_value) AND {where(self.their_where, "o")}
)
SELECT b._id, b.obs_value AS observed, expected, b.obs_value / nullif(expected, 0) AS factor,
  {text(self.dataset)} AS reference
FROM {{batch}} AS b JOIN other USING (indicator, ref_area, time_period)
WHERE isfinite(b.obs_value) AND {where(self.where, "b")}
  AND abs(b.obs_value - expected) > {self.tolerance} * greatest(abs(expected), 1e-300)"""


class Count(Frozen):
    """An indicator of this table, or of the dataset that is named."""

    indicator: str
    dataset: str | None = None
    where: dict[str, str] = {}

    def sql(self) -> str:
        """Return its values by area and period."""
        table = identifier(self.dataset) if self.dataset else "{batch}"
        return (
            f"SELECT ref_area, time_period, obs_value AS v FROM {table} AS o"
            f" WHERE isfinite(obs_value) AND indicator = {text(self.indicator)}"
            f" AND {where(self.where, 'o')}"
        )


class RatesAgree(Check):
    """A rate that is not its numerator by its denominator, times `per`, to `tolerance`."""

    type = "expect_rates_to_agree_with_counts"
    vi = "tỷ lệ khớp với tử số và mẫu số của nó"
    en = "the rate agrees with its numerator and denominator"

    indicator: str
    numerator: Count
    denominator: Count
    where: dict[str, str] = {}
    per: float = 1
    tolerance: float = 0.02

    def relations(self) -> frozenset[str]:
        return frozenset(
            side.dataset for side in (self.numerator, self.denominator) if side.dataset
        )

    def query(self) -> str:
        return f"""
WITH above AS ({self.numerator.sql()}), below AS ({self.denominator.sql()})
SELECT b._id, b.obs_value AS observed, above.v / below.v * {self.per} AS expected,
  b.obs_value / nullif(expected, 0) AS factor, above.v || ' / ' || below.v AS reference
FROM {{batch}} AS b JOIN above USING (ref_area, time_period)
  JOIN below USING (ref_area, time_period)
WHERE below.v > 0 AND isfinite(b.obs_value)
  AND b.indicator = {text(self.indicator)} AND {where(self.where, "b")}
  AND abs(observed - expected) > {self.tolerance} * greatest(abs(expected), 1e-300)"""
