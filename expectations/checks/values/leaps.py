"""Values too far from the one before, by a limit that a suite gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import model_validator

from expectations.checks.base import SeriesCheck
from expectations.checks.sql import points, where
from expectations.checks.wording import Wording
from model.util.text import Bilingual

Number = int | float


class Leaps(SeriesCheck):
    """A value off from the last one of its series by a `factor`, a `percent` or so many `points`.

    `direction` narrows it to rises or falls; in `except_months` (1 to 12) nothing is found.
    """

    type: ClassVar = "expect_no_leap"
    text: ClassVar = Bilingual(
        vi="so với kỳ trước, không giá trị nào {direction} {limit}{months}{only}",
        en="no value {direction} {limit} from one period to the next{months}{only}",
    )

    factor: Number | None = None
    percent: Number | None = None
    points: Number | None = None
    direction: Literal["both", "up", "down"] = "both"
    indicators: list[str] = []
    where: dict[str, str] = {}
    except_months: list[int] = []

    @model_validator(mode="after")
    def _one_limit(self) -> Leaps:
        if sum(item is not None for item in (self.factor, self.percent, self.points)) != 1:
            raise ValueError(
                "has no limit, or several; give one of `factor`, `percent` and `points`"
            )
        return self

    def words(self, wording: Wording) -> Mapping[str, str]:
        say, value = wording.say, wording.value
        if self.factor is not None:
            limit = say(f"quá {value(self.factor)} lần", f"more than {value(self.factor)} times")
        elif self.percent is not None:
            limit = say(f"quá {value(self.percent)}%", f"by more than {value(self.percent)}%")
        elif self.points:
            limit = say(f"quá {value(self.points)} đơn vị", f"by more than {value(self.points)}")
        else:
            limit = ""
        direction = say(*{
            "both": ("tăng hoặc giảm", "rises or falls"),
            "up": ("tăng", "rises"), "down": ("giảm", "falls"),
        }[self.direction])
        months = ", ".join(map(str, self.except_months))
        return {
            "limit": limit or say("chút nào", "at all"), "direction": direction,
            "months": say(f", trừ tháng {months}", f", except in month {months}") if months else "",
            "only": wording.narrowed(self.indicators, self.where),
        }

    def query(self) -> str:
        if self.factor is not None:
            up, down = f"v > {self.factor} * v0", f"v * {self.factor} < v0"
        elif self.percent is not None:
            share = self.percent / 100
            up, down = f"v - v0 > {share} * v0", f"v0 - v > {share} * v0"
        else:
            up, down = f"v - v0 > {self.points}", f"v0 - v > {self.points}"
        leap = {"up": up, "down": down, "both": f"{up} OR {down}"}[self.direction]
        grown = "" if self.points is not None else " AND v0 > 0"
        only = where(self.where, indicators=self.indicators)
        months = ", ".join(f"'{month:02d}'" for month in self.except_months)
        excepted = f" AND right(period, 2) NOT IN ({months})" if months else ""
        return f"""
WITH point AS ({points(self.series, self.frequency)} AND {only})
SELECT _id, v AS observed, v0 AS expected, v / nullif(v0, 0) AS factor, p0 AS reference FROM (
  SELECT *, lag(v) OVER past AS v0, lag(period) OVER past AS p0
  FROM point WINDOW past AS (PARTITION BY series ORDER BY t)
) WHERE ({leap}){grown}{excepted}"""
