"""One indicator against another of the same area, period and dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import ConfigDict, Field

from expectations.checks.base import Period, SeriesCheck
from expectations.checks.sql import columns, text
from expectations.checks.wording import Wording
from model.util.text import Bilingual

Number = int | float


class IndicatorRatio(SeriesCheck):
    """A numerator that is not within limits of its denominator, times `per`.

    `{numerator: tax, denominator: revenue, at_most: 1}`: tax does not exceed revenue.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    type: ClassVar = "expect_indicator_ratio"
    text: ClassVar = Bilingual(
        vi="{numerator} chia cho {denominator}{per} {range}{since}",
        en="{numerator} divided by {denominator}{per} is {range}{since}",
    )

    numerator: str
    denominator: str
    per: Number = 1
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    start: Period | None = Field(None, alias="from")

    def words(self, wording: Wording) -> Mapping[str, str]:
        per = wording.value(self.per)
        return {
            "numerator": wording.indicators([self.numerator]),
            "denominator": wording.indicators([self.denominator]),
            "per": wording.say(f", nhân {per},", f", times {per},") if self.per != 1 else "",
            "range": wording.bounds(self.at_least, self.at_most, self.above, self.below),
            "since": wording.say(f" từ {self.start}", f" since {self.start}") if self.start else "",
        }

    def query(self) -> str:
        limits = (
            ("<", self.at_least), (">", self.at_most), ("<=", self.above), (">=", self.below),
        )
        outside = " OR ".join(
            f"{self.per} * n.obs_value {sign} {limit} * d.obs_value"
            for sign, limit in limits if limit is not None
        )
        since = f" AND n.time_period >= {text(self.start)}" if self.start else ""
        key = [name for name in (*self.series, "time_period") if name != "indicator"]
        return f"""
SELECT n._id, n.obs_value AS observed, d.obs_value AS expected,
  {self.per} * n.obs_value / nullif(d.obs_value, 0) AS factor, {text(self.denominator)} AS reference
FROM {{batch}} AS n JOIN {{batch}} AS d USING ({columns(key)})
WHERE n.indicator = {text(self.numerator)} AND d.indicator = {text(self.denominator)}
  AND isfinite(n.obs_value) AND isfinite(d.obs_value) AND ({outside or 'false'}){since}"""
