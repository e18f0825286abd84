"""What a suite says of periods: which there are, how many rows each has, which are preliminary."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import ConfigDict, Field

from expectations.checks.base import (
    ArgumentProblem,
    Check,
    Period,
    SeriesCheck,
)
from expectations.checks.sql import points, text
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


class Periods(SeriesCheck):
    """A table that does not begin `from` a period (or a range of two), or does not reach `to`.

    With `no_gaps` also a series that misses more than `allowed` periods inside. A table may go on
    after `to`: time alone breaks nothing.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    type = "expect_periods"
    vi = "số liệu {rules}"
    en = "the figures {rules}"
    level = "table"
    dimension = "completeness"

    start: Period | Annotated[list[Period], Field(min_length=2, max_length=2)] | None = Field(
        None, alias="from"
    )
    to: Period | None = None
    no_gaps: bool = False
    allowed: int = 0

    @property
    def _starts(self) -> tuple[str, str] | None:
        if self.start is None:
            return None
        first, last = [self.start] * 2 if isinstance(self.start, str) else self.start
        return first, last

    def words(self, wording: Wording) -> Mapping[str, str]:
        rules = []
        if self._starts:
            first, last = self._starts
            rules.append(
                wording.say(f"bắt đầu từ {first}", f"begin in {first}") if first == last
                else wording.say(
                    f"bắt đầu trong khoảng {first} đến {last}", f"begin between {first} and {last}"
                )
            )
        if self.to:
            rules.append(wording.say(f"có đến {self.to} hoặc mới hơn", f"reach {self.to} or later"))
        if self.no_gaps:
            most = wording.value(self.allowed)
            rules.append(
                wording.say(
                    f"thiếu nhiều nhất {most} kỳ ở giữa mỗi chuỗi",
                    f"miss at most {most} inside a series",
                ) if self.allowed
                else wording.say("không thiếu kỳ nào ở giữa", "miss no period in between")
            )
        return {"rules": wording.listed(rules)}

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        if self.start is None and self.to is None and not self.no_gaps:
            yield ArgumentProblem((), f"{self.type} has no rule", "give `from`, `to` or `no_gaps`")
        if self.no_gaps and dataset.frequency == "YTD":
            yield ArgumentProblem(
                ("no_gaps",), "which months have figures of the year to date is the source's habit",
                "remove it",
            )

    def query(self) -> str:
        selects = []
        if self._starts:
            first, last = self._starts
            selects.append(
                "SELECT 'first period' AS reference, min(time_period) AS observed,"
                f" {text(first)} AS expected FROM {{batch}} WHERE obs_value IS NOT NULL"
                f" HAVING min(time_period) NOT BETWEEN {text(first)} AND {text(last)}"
            )
        if self.to:
            selects.append(
                "SELECT 'last period' AS reference, max(time_period) AS observed,"
                f" {text(self.to)} AS expected FROM {{batch}} WHERE obs_value IS NOT NULL"
                f" HAVING coalesce(max(time_period) < {text(self.to)}, true)"
            )
        if self.no_gaps:
            point = points(self.series, self.frequency, also=", indicator")
            selects.append(
                "SELECT any_value(indicator) || ' after ' || min(p0) AS reference,"
                " sum(t - t0 - 1)::VARCHAR AS observed, NULL AS expected"
                " FROM (SELECT *, lag(t) OVER past AS t0, lag(period) OVER past AS p0"
                f" FROM ({point}) WINDOW past AS (PARTITION BY series ORDER BY t))"
                f" WHERE t - t0 > 1 GROUP BY series HAVING sum(t - t0 - 1) > {self.allowed}"
            )
        return " UNION ALL ".join(selects)


class RowCount(Check):
    """Fewer rows than `at_least`, or a period with more than `per_period`.

    The upper limit grows with the periods, so that time alone does not break it.
    """

    type = "expect_rows"
    vi = "{rules}"
    en = "{rules}"
    level = "table"
    dimension = "completeness"

    at_least: int = 1
    per_period: int | None = None

    def words(self, wording: Wording) -> Mapping[str, str]:
        least, most = wording.value(self.at_least), wording.value(self.per_period or 0)
        noun = "row" if self.at_least == 1 else "rows"
        rule = wording.say(f"có ít nhất {least} dòng", f"there are at least {least} {noun}")
        if self.per_period:
            rule += wording.say(
                f", và nhiều nhất {most} dòng mỗi kỳ", f", and at most {most} in each period"
            )
        return {"rules": rule}

    def query(self) -> str:
        query = (
            "SELECT NULL AS time_period, count(*) AS observed,"
            f" {self.at_least} AS expected FROM {{batch}} HAVING count(*) < {self.at_least}"
        )
        if self.per_period:
            query += (
                f" UNION ALL SELECT time_period, count(*), {self.per_period} FROM {{batch}}"
                f" GROUP BY time_period HAVING count(*) > {self.per_period}"
            )
        return query


class PreliminaryLast(Check):
    """A final figure after the first preliminary one of its indicator.

    With `only_last` a preliminary one before the indicator's newest period.
    """

    type = "expect_preliminary_last"
    vi = "{rule}"
    en = "{rule}"

    only_last: bool = False

    def words(self, wording: Wording) -> Mapping[str, str]:
        if self.only_last:
            return {"rule": wording.say(
                "chỉ kỳ cuối có số liệu sơ bộ", "only the last period is preliminary"
            )}
        return {"rule": wording.say(
            "sau số liệu sơ bộ không còn số liệu chính thức",
            "no final figure comes after a preliminary one",
        )}

    def query(self) -> str:
        of_indicator = "OVER (PARTITION BY indicator)"
        if self.only_last:
            return (
                "SELECT * FROM {batch}"
                f" QUALIFY obs_status = 'P' AND time_period < max(time_period) {of_indicator}"
            )
        return (
            "SELECT * FROM {batch} QUALIFY obs_status = 'A' AND time_period >"
            f" min(time_period) FILTER (WHERE obs_status = 'P') {of_indicator}"
        )
