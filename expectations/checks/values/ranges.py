"""Values outside a range that a suite gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import ConfigDict, Field

from expectations.checks.base import Check, Period, QualityDimension
from expectations.checks.sql import text, where
from expectations.checks.wording import Wording
from model.util.text import Bilingual

Number = int | float


class ValueRange(Check):
    """A value outside a range, of some indicators and codes, `from` a period on."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    type: ClassVar = "expect_value_range"
    text: ClassVar = Bilingual(
        vi="giá trị {range}{since}{only}", en="the value is {range}{since}{only}"
    )
    dimension: ClassVar[QualityDimension] = "validity"

    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    indicators: list[str] = []
    where: dict[str, str] = {}
    start: Period | None = Field(None, alias="from")

    def words(self, wording: Wording) -> Mapping[str, str]:
        since = wording.say(f" từ {self.start}", f" since {self.start}") if self.start else ""
        return {
            "range": wording.bounds(self.at_least, self.at_most, self.above, self.below),
            "since": since, "only": wording.narrowed(self.indicators, self.where),
        }

    def query(self) -> str:
        limits = (
            ("<", self.at_least), (">", self.at_most), ("<=", self.above), (">=", self.below),
        )
        outside = " OR ".join(
            f"obs_value {sign} {limit}" for sign, limit in limits if limit is not None
        )
        since = f" AND time_period >= {text(self.start)}" if self.start else ""
        only = where(self.where, indicators=self.indicators)
        return f"SELECT * FROM {{batch}} WHERE ({outside or 'false'}) AND {only}{since}"
