"""Areas that must be there: named by a suite, counted, or due because nearly all are."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from expectations.checks.base import ArgumentProblem, Arguments, Check
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import texts, where
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import did_you_mean


def group_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are groups of others."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if grouped]


def _single_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are no groups."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if not grouped]


class AreaCount(Check):
    """Fewer or more areas than are due."""

    type = "expect_area_count"
    vi = "số khu vực {bounds}"
    en = "the number of areas is {bounds}"
    level = "table"

    at_least: int
    at_most: int

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {"bounds": wording.bounds(self.at_least, self.at_most)}

    def query(self) -> str:
        return (
            "SELECT count(DISTINCT ref_area) AS observed FROM {batch}"
            f" HAVING count(DISTINCT ref_area) NOT BETWEEN {self.at_least} AND {self.at_most}"
        )


class AreasPresent(Check):
    """An area, or one of a group, without figures; of `indicators`, or `in_each_indicator`."""

    type = "expect_areas_present"
    vi = "{who}có số liệu của {areas}{only}"
    en = "{who} figures of {areas}{only}"
    level = "table"
    dimension = "completeness"

    areas: str | list[str]
    in_each_indicator: bool = False
    indicators: list[str] = []
    codes: list[str] = []  # of the areas, groups resolved

    from_declaration = ("codes",)

    @classmethod
    def of(cls, given: Mapping[str, Any], dataset: Dataset, registries: Registries) -> Self:
        """Return the `given` check of a dataset, its groups of areas resolved by the registries."""
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


class AreasComplete(Check):
    """Indicator and area that has no value, where `min_share` of all areas of the list have one.

    The table alone does not say whether the figures were lost or there is nothing to count, such as
    winter rice in the far south. What was there before and is lost, others warn of.
    """

    type = "expect_areas_to_be_complete"
    vi = "không thiếu khu vực nào ở chỉ tiêu có gần đủ mọi khu vực của danh mục"
    en = "no area is missing from an indicator that has nearly all areas of the list"
    level = "table"
    severity = "info"
    automatic = "areas_complete"

    areas: list[str]
    min_share: float = 0.95

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> Arguments:
        """Return the areas of the dataset's codelist, from the registries, that are no groups."""
        return {"areas": _single_codes(dataset, registries)}

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
