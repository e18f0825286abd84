"""Areas that must have figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from expectations.checks.base import ArgumentProblem, Check, Level, QualityDimension
from expectations.checks.sql import texts, where
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual, did_you_mean


class AreasPresent(Check):
    """An area, or one of a group, without figures; of `indicators`, or `in_each_indicator`."""

    type: ClassVar = "expect_areas_present"
    text: ClassVar = Bilingual(
        vi="{who}có số liệu của {areas}{only}", en="{who} figures of {areas}{only}"
    )
    level: ClassVar[Level] = "table"
    dimension: ClassVar[QualityDimension] = "completeness"

    areas: str | list[str]
    in_each_indicator: bool = False
    indicators: list[str] = []
    codes: list[str] = []  # of the areas, groups resolved

    from_declaration: ClassVar = ("codes",)

    @classmethod
    def of(
        cls, given: Mapping[str, object], dataset: Dataset, registries: Registries
    ) -> AreasPresent:
        """Return the check with the groups among its areas resolved."""
        named = cls.model_validate(given)
        return named.model_copy(update={"codes": list(registries.areas(named.areas))})

    def words(self, wording: Wording) -> Mapping[str, str]:
        who = ("mỗi chỉ tiêu đều ", "every indicator has") if self.in_each_indicator else (
            "", "there are"
        )
        return {
            "who": wording.say(*who), "areas": wording.areas(self.areas),
            "only": wording.narrowed(self.indicators, {}),
        }

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        known = {*registries.codelists[dataset.geography.codelist].codes}
        for code in self.codes:
            if code not in known:
                yield ArgumentProblem(
                    ("areas",), f"there is no area or group of areas {code!r}",
                    did_you_mean(code, {*registries.area_groups, *known}),
                )

    def query(self) -> str:
        own = ", indicator" if self.in_each_indicator else ""
        sides = f" CROSS JOIN (SELECT DISTINCT indicator FROM {{batch}} WHERE {self._only()})"
        return f"""
WITH due AS (SELECT unnest([{texts(self.codes)}]) AS ref_area),
present AS (
  SELECT DISTINCT ref_area{own} FROM {{batch}} WHERE obs_value IS NOT NULL AND {self._only()}
)
SELECT ref_area{own}, 0 AS observed FROM due{sides if own else ""}
ANTI JOIN present USING (ref_area{own})"""

    def _only(self) -> str:
        return where({}, indicators=self.indicators)
