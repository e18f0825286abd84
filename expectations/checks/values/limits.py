"""Values outside limits that a suite gives: ranges, ratios, leaps, and a code that leads."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from expectations.checks.base import Check, Period, SeriesCheck
from expectations.checks.spreadsheet import (
    SheetRow,
    alike,
    all_of,
    any_of,
    given,
    is_code,
    one_of,
    only,
    outside,
    quoted,
)
from expectations.checks.sql import points, text, texts, where
from expectations.checks.wording import Wording
from model.util.sql import identifier

Number = int | float


class _Limited(Check):
    """A check of a number that has limits, `from` a period on."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    start: Period | None = Field(None, alias="from")

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {
            "range": wording.bounds(self.at_least, self.at_most, self.above, self.below),
            "since": wording.say(f" từ {self.start}", f" since {self.start}") if self.start else "",
        }

    def _outside(self, number: str, per: str = "") -> str:
        """Return the condition that a number is outside its limits, each times `per`."""
        limits = (("<", self.at_least), (">", self.at_most), ("<=", self.above), (">=", self.below))
        outside = " OR ".join(
            f"{number} {sign} {limit}{per}" for sign, limit in limits if limit is not None
        )
        return f"({outside or 'false'})"

    def _since(self, column: str = "time_period") -> str:
        """Return what narrows a condition to the periods from the first one on."""
        return f" AND {column} >= {text(self.start)}" if self.start else ""


class ValueRange(_Limited):
    """A value outside a range, of some indicators and codes, `from` a period on."""

    type = "expect_value_range"
    vi = "giá trị {range}{since}{only}"
    en = "the value is {range}{since}{only}"
    dimension = "validity"

    indicators: list[str] = []
    where: dict[str, str] = {}

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {**super().words(wording), "only": wording.narrowed(self.indicators, self.where)}

    def query(self) -> str:
        among = where(self.where, indicators=self.indicators)
        beyond = self._outside("obs_value")
        return f"SELECT * FROM {{batch}} WHERE {beyond} AND {among}{self._since()}"

    def formula(self, row: SheetRow) -> str | None:
        if self.start:
            return None
        value = row.cell("obs_value")
        beyond = outside(value, self.at_least, self.at_most, self.above, self.below)
        return given(row, "obs_value", all_of([beyond, only(row, self.where, self.indicators)]))


class IndicatorRatio(_Limited, SeriesCheck):
    """A numerator that is not within limits of its denominator, times `per`.

    `{numerator: tax, denominator: revenue, at_most: 1}`: tax does not exceed revenue.
    """

    type = "expect_indicator_ratio"
    vi = "{numerator} chia cho {denominator}{per} {range}{since}"
    en = "{numerator} divided by {denominator}{per} is {range}{since}"

    numerator: str
    denominator: str
    per: Number = 1

    def words(self, wording: Wording) -> Mapping[str, str]:
        per = wording.value(self.per)
        return {
            **super().words(wording),
            "numerator": wording.indicators([self.numerator]),
            "denominator": wording.indicators([self.denominator]),
            "per": wording.say(f", nhân {per},", f", times {per},") if self.per != 1 else "",
        }

    def query(self) -> str:
        beyond = self._outside(f"{self.per} * n.obs_value", " * d.obs_value")
        return f"""
SELECT n._id, n.obs_value AS observed, d.obs_value AS expected,
  {self.per} * n.obs_value / nullif(d.obs_value, 0) AS factor, {text(self.denominator)} AS reference
FROM {{batch}} AS n JOIN {{batch}} AS d USING ({self.key_without("indicator")})
WHERE n.indicator = {text(self.numerator)} AND d.indicator = {text(self.denominator)}
  AND isfinite(n.obs_value) AND isfinite(d.obs_value) AND {beyond}{self._since("n.time_period")}"""

    def formula(self, row: SheetRow) -> str | None:
        if self.start:
            return None
        value, others = row.cell("obs_value"), row.numbers
        limits = (("<", self.at_least), (">", self.at_most), ("<=", self.above), (">=", self.below))
        is_denominator = [f"--{is_code(row.column('indicator'), self.denominator)}"]
        same = alike(row, self.key_columns_without("indicator"), is_denominator)
        broken = any_of(
            f"SUMPRODUCT({same}*({quoted(self.per)}*{value}{sign}{quoted(limit)}*{others}))>0"
            for sign, limit in limits if limit is not None
        )
        is_numerator = is_code(row.cell("indicator"), self.numerator)
        return f"IF(AND({value}<>\"\",{is_numerator}),{broken},FALSE)"


class Leaps(SeriesCheck):
    """A value off from the last one of its series by a `factor`, a `percent` or so many `points`.

    `direction` narrows it to rises or falls; in `except_months` (1 to 12) nothing is found.
    """

    type = "expect_no_leap"
    vi = "so với kỳ trước, không giá trị nào {direction} {limit}{months}{only}"
    en = "no value {direction} {limit} from one period to the next{months}{only}"
    within_series = True

    factor: Number | None = None
    percent: Number | None = None
    points: Number | None = None
    direction: Literal["both", "up", "down"] = "both"
    indicators: list[str] = []
    where: dict[str, str] = {}
    except_months: list[int] = []

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
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


class HighestCode(SeriesCheck):
    """A value above that of the code which leads, by more than `within`.

    `{column: sex, code: F, among: [M]}`: no value of males is above that of females.
    """

    type = "expect_highest"
    vi = "{column}: {code} không thấp hơn {among}{margin}"
    en = "{column}: {code} is not below {among}{margin}"

    column: str
    code: str
    among: list[str] = []  # none: all others
    within: int | float = 0

    def words(self, wording: Wording) -> Mapping[str, str]:
        names = [wording.code(self.column, code) for code in self.among]
        margin = wording.value(self.within)
        return {
            "column": wording.column(self.column), "code": wording.code(self.column, self.code),
            "among": wording.listed(names) or wording.say("mọi mã khác", "any other"),
            "margin": wording.say(f" quá {margin}", f" by more than {margin}") if self.within
            else "",
        }

    def query(self) -> str:
        column = identifier(self.column)
        among = f" AND b.{column} IN ({texts(self.among)})" if self.among else ""
        return f"""
SELECT b._id, b.obs_value AS observed, lead.obs_value AS expected,
  b.obs_value / nullif(lead.obs_value, 0) AS factor, {text(self.code)} AS reference
FROM {{batch}} AS b JOIN {{batch}} AS lead USING ({self.key_without(self.column)})
WHERE lead.{column} = {text(self.code)} AND b.{column} <> {text(self.code)}{among}
  AND b.obs_value > lead.obs_value + {self.within}"""

    def formula(self, row: SheetRow) -> str:
        value, code = row.cell("obs_value"), row.cell(self.column)
        about = one_of(row, code, self.among) if self.among else "TRUE"
        leads = f"--{is_code(row.column(self.column), self.code)}"
        same = alike(row, self.key_columns_without(self.column), [leads])
        broken = f"SUMPRODUCT({same}*({value}>{row.numbers}+{quoted(self.within)}))>0"
        is_other = f"NOT({is_code(code, self.code)})"
        return f"IF(AND({value}<>\"\",{is_other},{about}),{broken},FALSE)"
