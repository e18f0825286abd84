"""Checks of totals against their parts, and of shares against a whole."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from expectations.checks.base import ArgumentProblem, Check, SeriesCheck
from expectations.checks.spreadsheet import SheetRow, alike, all_of, is_code, one_of, only, quoted
from expectations.checks.sql import text, texts, where
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.codelist import TOTAL
from model.reference.registries import Registries
from model.util.sql import identifier


class PartsCheck(SeriesCheck):
    """A check of a column's codes against their total, in rows that are else of the same key."""

    column: str
    total: str = TOTAL
    parts: list[str] = []  # none: every other code
    indicators: list[str] = []
    where: dict[str, str] = {}

    def points(self) -> str:
        """Return a SELECT of the rows that the check is about."""
        only = where(self.where, indicators=self.indicators)
        return f"SELECT * FROM {{batch}} WHERE isfinite(obs_value) AND {only}"

    def is_part(self) -> str:
        """Return the condition that a row is a part."""
        column = identifier(self.column)
        listed = f"{column} IN ({texts(self.parts)})" if self.parts else "true"
        return f"{column} <> {text(self.total)} AND {listed}"

    def parts_formula(self, row: SheetRow) -> str:
        """Return an array: 1 for each row that is a part of what a `row` has the total of."""
        codes = row.column(self.column)
        listed = "+".join(is_code(codes, part) for part in self.parts)
        is_part = [f"(1-{is_code(codes, self.total)})", *([f"({listed})"] if listed else [])]
        return alike(row, self.key_columns_without(self.column), is_part)

    def is_total_formula(self, row: SheetRow) -> str:
        """Return the formula that a `row` has a total that the check is about."""
        return all_of([
            f'{row.cell("obs_value")}<>""', is_code(row.cell(self.column), self.total),
            only(row, self.where, self.indicators),
        ])

    def words(self, wording: Wording) -> Mapping[str, str]:
        of_indicators = self.column == "indicator"
        return {
            "column": wording.column(self.column),
            "total": wording.code(self.column, self.total) if self.total != TOTAL else "",
            "parts": wording.listed([wording.code(self.column, part) for part in self.parts]),
            "only": wording.narrowed([] if of_indicators else self.indicators, self.where),
        }

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        codes: Any = [self.total, *self.parts] if self.column == "indicator" else []
        for code in codes:
            if code not in dataset.indicators:
                yield ArgumentProblem(("column",), f"{dataset.id} has no indicator {code!r}")


class TotalBetweenParts(PartsCheck):
    """A rate or index of the whole that is not between the lowest and the highest of its parts.

    By more than `within`, in the indicator's unit.
    """

    type = "expect_total_between_parts"
    vi = "{column}: số chung nằm giữa số thấp nhất và cao nhất của các phần{only}"
    en = "{column}: the whole lies between the lowest and the highest of its parts{only}"
    level = "table"

    within: float = 0

    def query(self) -> str:
        column, others = identifier(self.column), self.key_without(self.column)
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, min(obs_value) AS low, max(obs_value) AS high
  FROM point WHERE {self.is_part()} GROUP BY ALL HAVING count(DISTINCT {column}) > 1
)
SELECT {others}, obs_value AS observed, low || ' … ' || high AS reference
FROM point JOIN part USING ({others})
WHERE {column} = {text(self.total)}
  AND obs_value NOT BETWEEN low - {self.within} AND high + {self.within}"""


class PartsAddUp(PartsCheck):
    """A total that is not the sum of its parts, where every part is given.

    Off by more than `tolerance` of the total or its largest part. The total is the row at fault.
    """

    type = "expect_parts_to_add_up_to_total"
    vi = "các phần cộng lại bằng tổng số{only}"
    en = "the parts add up to their total{only}"

    total: str
    parts: list[str]
    tolerance: float = 0.01

    def query(self) -> str:
        column, others = identifier(self.column), self.key_without(self.column)
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, sum(obs_value) AS expected, max(abs(obs_value)) AS largest
  FROM point WHERE {self.is_part()} GROUP BY ALL
  HAVING count(DISTINCT {column}) = {len(self.parts)}
)
SELECT _id, obs_value AS observed, expected, obs_value / nullif(expected, 0) AS factor,
  {text(" + ".join(self.parts))} AS reference
FROM point JOIN part USING ({others})
WHERE {column} = {text(self.total)}
  AND abs(obs_value - expected) > {self.tolerance} * greatest(abs(obs_value), largest)"""

    def formula(self, row: SheetRow) -> str | None:
        if self.column == "indicator" and self.indicators:
            return None
        value, parts, numbers = row.cell("obs_value"), self.parts_formula(row), row.numbers
        codes, others = row.column(self.column), self.key_columns_without(self.column)
        each = [f"SUMPRODUCT({alike(row, others, [is_code(codes, x)])})>0" for x in self.parts]
        largest = f"MAX(ABS({value}),SUMPRODUCT(MAX({parts}*ABS({numbers}))))"
        off = f"ABS({value}-SUMPRODUCT({parts}*{numbers}))>{quoted(self.tolerance)}*{largest}"
        return f"IF({self.is_total_formula(row)},{all_of([*each, off])},FALSE)"


class PartsWithinTotal(PartsCheck):
    """Parts that exceed their total, together or (`rule: each`) one alone; or do not make it.

    `rule: equal` also finds parts that fall short. Off by more than `tolerance` of the total, or by
    more than `within` in the indicator's unit. A part that is not there counts as 0.
    """

    type = "expect_parts_within_total"
    vi = "{column}: {rule} {total}{margin}{only}"
    en = "{column}: {rule} {total}{margin}{only}"
    level = "table"

    rule: Literal["sum", "each", "equal"] = "sum"
    tolerance: float = 0.001
    within: float = 0

    def words(self, wording: Wording) -> Mapping[str, str]:
        said = dict(super().words(wording))
        said["rule"] = wording.say(*{
            "sum": ("các phần cộng lại không vượt", "the parts together do not exceed"),
            "each": ("không phần nào vượt", "no part exceeds"),
            "equal": ("các phần cộng lại bằng", "the parts add up to"),
        }[self.rule])
        said["total"] = said["total"] or wording.say("tổng số", "the total")
        margin = wording.value(self.within) if self.within else wording.percent(self.tolerance)
        said["margin"] = wording.say(f" (sai lệch tối đa {margin})", f" (to within {margin})")
        return said

    def query(self) -> str:
        column, others = identifier(self.column), self.key_without(self.column)
        aggregate = "max" if self.rule == "each" else "sum"
        off = "abs(observed - expected)" if self.rule == "equal" else "observed - expected"
        margin = self.within or f"{self.tolerance} * abs(expected)"
        return f"""
WITH point AS ({self.points()}),
part AS (
  SELECT {others}, {aggregate}(obs_value) AS observed FROM point WHERE {self.is_part()} GROUP BY ALL
),
total AS (
  SELECT {others}, max(obs_value) AS expected
  FROM point WHERE {column} = {text(self.total)} GROUP BY ALL
)
SELECT *, observed / nullif(expected, 0) AS factor FROM part JOIN total USING ({others})
WHERE {off} > {margin}"""

    def formula(self, row: SheetRow) -> str | None:
        if self.column == "indicator" and self.indicators:
            return None
        value, parts, numbers = row.cell("obs_value"), self.parts_formula(row), row.numbers
        margin = quoted(self.within) if self.within else f"{quoted(self.tolerance)}*ABS({value})"
        off = f"SUMPRODUCT({parts}*{numbers})-{value}"
        broken = {
            "sum": f"{off}>{margin}", "equal": f"ABS({off})>{margin}",
            "each": f"SUMPRODUCT({parts}*({numbers}-{value}>{margin}))>0",
        }[self.rule]
        any_part = f"SUMPRODUCT(1*{parts})>0"
        return f"IF({self.is_total_formula(row)},AND({any_part},{broken}),FALSE)"


class SharesAddUp(SeriesCheck):
    """Shares that do not add up to `whole`, to `tolerance`, where every share is given."""

    type = "expect_shares_to_add_up"
    vi = "các tỷ trọng cộng lại bằng 100 %"
    en = "the shares add up to 100%"

    column: str
    parts: list[str]
    indicators: list[str] = []
    where: dict[str, str] = {}
    whole: float = 100
    tolerance: float = 0.5

    def query(self) -> str:
        column = identifier(self.column)
        others = self.key_without(self.column)
        only = where(self.where, indicators=self.indicators)
        return f"""
WITH point AS (
  SELECT * FROM {{batch}}
  WHERE isfinite(obs_value) AND {only} AND {column} IN ({texts(self.parts)})
),
whole AS (
  SELECT {others}, sum(obs_value) AS total FROM point
  GROUP BY ALL HAVING count(DISTINCT {column}) = {len(self.parts)}
)
SELECT _id, obs_value AS observed, total, {self.whole} AS expected
FROM point JOIN whole USING ({others})
WHERE abs(total - {self.whole}) > {self.tolerance}"""

    def formula(self, row: SheetRow) -> str | None:
        if self.column == "indicator" and self.indicators:
            return None
        codes, others = row.column(self.column), self.key_columns_without(self.column)
        listed = "+".join(is_code(codes, part) for part in self.parts)
        each = [f"SUMPRODUCT({alike(row, others, [is_code(codes, x)])})>0" for x in self.parts]
        total = f"SUMPRODUCT({alike(row, others, [f'({listed})'])}*{row.numbers})"
        about = all_of([
            f'{row.cell("obs_value")}<>""', one_of(row, row.cell(self.column), self.parts),
            only(row, self.where, self.indicators),
        ])
        off = f"ABS({total}-{quoted(self.whole)})>{quoted(self.tolerance)}"
        return f"IF({about},{all_of([*each, off])},FALSE)"


class SumRange(Check):
    """The sum of an indicator in a period that is outside a range."""

    type = "expect_sum_range"
    vi = "tổng của {indicator} trong mỗi kỳ {bounds}{only}"
    en = "the sum of {indicator} in each period is {bounds}{only}"
    level = "table"

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
