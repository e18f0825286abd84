"""How many areas a table has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import Check, Level
from expectations.checks.wording import Wording
from model.util.text import Bilingual


class AreaCount(Check):
    """Fewer or more areas than are due."""

    type: ClassVar = "expect_area_count"
    text: ClassVar = Bilingual(vi="số khu vực {bounds}", en="the number of areas is {bounds}")
    level: ClassVar[Level] = "table"

    at_least: int
    at_most: int

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {"bounds": wording.bounds(self.at_least, self.at_most)}

    def query(self) -> str:
        return (
            "SELECT count(DISTINCT ref_area) AS observed FROM {batch}"
            f" HAVING count(DISTINCT ref_area) NOT BETWEEN {self.at_least} AND {self.at_most}"
        )
