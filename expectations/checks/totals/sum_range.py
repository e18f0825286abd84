"""Sums over areas and dimensions that are out of a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import Check, Level
from expectations.checks.sql import where
from expectations.checks.wording import Wording
from model.util.text import Bilingual


class SumRange(Check):
    """The sum of an indicator in a period that is outside a range."""

    type: ClassVar = "expect_sum_range"
    text: ClassVar = Bilingual(
        vi="tổng của {indicator} trong mỗi kỳ {bounds}{only}",
        en="the sum of {indicator} in each period is {bounds}{only}",
    )
    level: ClassVar[Level] = "table"

    indicator: str
    at_least: int | float | None = None
    at_most: int | float | None = None
    where: dict[str, str] = {}

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {
            "indicator": wording.indicators([self.indicator]),
            "bounds": wording.bounds(self.at_least, self.at_most),
            "only": wording.narrowed([], self.where),
        }

    def query(self) -> str:
        outside = " OR ".join(
            f"sum(obs_value) {sign} {limit}"
            for sign, limit in (("<", self.at_least), (">", self.at_most)) if limit is not None
        )
        return (
            "SELECT time_period, sum(obs_value) AS observed FROM {batch}"
            f" WHERE {where(self.where, indicators=[self.indicator])}"
            f" GROUP BY time_period HAVING {outside or 'false'}"
        )
