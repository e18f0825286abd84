"""How many rows a table has, as a whole and in a period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import Check, Level, QualityDimension
from expectations.checks.wording import Wording
from model.util.text import Bilingual


class RowCount(Check):
    """Fewer rows than `at_least`, or a period with more than `per_period`.

    The upper limit grows with the periods, so that time alone does not break it.
    """

    type: ClassVar = "expect_rows"
    text: ClassVar = Bilingual(vi="{rules}", en="{rules}")
    level: ClassVar[Level] = "table"
    dimension: ClassVar[QualityDimension] = "completeness"

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
