"""Areas that an indicator misses which has nearly all of them."""

from __future__ import annotations

from typing import Any, ClassVar

from expectations.checks.areas.groups import single_codes
from expectations.checks.base import Check, Level, Severity
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import texts
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual


class AreasComplete(Check):
    """Indicator and area that has no value, where `min_share` of all areas of the list have one."""

    type: ClassVar = "expect_areas_to_be_complete"
    text: ClassVar = Bilingual(
        vi="không thiếu khu vực nào ở chỉ tiêu có gần đủ mọi khu vực của danh mục",
        en="no area is missing from an indicator that has nearly all areas of the list",
    )
    level: ClassVar[Level] = "table"
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "areas_complete"

    areas: list[str]
    min_share: float = 0.95

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> dict[str, Any]:
        """Return the areas of the dataset's codelist that are no groups."""
        return {"areas": single_codes(dataset, registries)}

    def may_find(self) -> MayFind:
        least = self.min_share * len(self.areas)
        return MayFind("table", f"count(DISTINCT ref_area) >= {least}")

    def query(self) -> str:
        count = len(self.areas)
        return f"""
WITH due AS (SELECT unnest([{texts(self.areas)}]::VARCHAR[]) AS ref_area),
present AS (
  SELECT DISTINCT indicator, ref_area FROM {{batch}}
  SEMI JOIN due USING (ref_area) WHERE obs_value IS NOT NULL
),
nearly AS (
  SELECT indicator, count(*) AS present FROM present GROUP BY indicator
  HAVING count(*) BETWEEN {self.min_share} * {count} AND {count - 1}
)
SELECT indicator, ref_area, present, {count} AS areas FROM nearly CROSS JOIN due
ANTI JOIN present USING (indicator, ref_area)"""
