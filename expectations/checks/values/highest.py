"""A code that leads the others of its column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import SeriesCheck
from expectations.checks.sql import columns, text, texts
from expectations.checks.wording import Wording
from model.util.sql import identifier
from model.util.text import Bilingual


class HighestCode(SeriesCheck):
    """A value above that of the code which leads, by more than `within`.

    `{column: sex, code: F, among: [M]}`: no value of males is above that of females.
    """

    type: ClassVar = "expect_highest"
    text: ClassVar = Bilingual(
        vi="{column}: {code} không thấp hơn {among}{margin}",
        en="{column}: {code} is not below {among}{margin}",
    )

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
        key = [name for name in (*self.series, "time_period") if name != self.column]
        among = f" AND b.{column} IN ({texts(self.among)})" if self.among else ""
        return f"""
SELECT b._id, b.obs_value AS observed, lead.obs_value AS expected,
  b.obs_value / nullif(lead.obs_value, 0) AS factor, {text(self.code)} AS reference
FROM {{batch}} AS b JOIN {{batch}} AS lead USING ({columns(key)})
WHERE lead.{column} = {text(self.code)} AND b.{column} <> {text(self.code)}{among}
  AND b.obs_value > lead.obs_value + {self.within}"""
