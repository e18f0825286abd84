"""Areas against the areas that lie in them, by the parents that the codelist gives."""

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import Arguments, SeriesCheck
from expectations.checks.sql import text, where
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


class HierarchyCheck(SeriesCheck):
    """A check of each area against its parts, where `min_share` of these have figures.

    Parts that ended before the codelist's vintage, and what is allocated to no area, take part
    where they have figures, and are never due.
    """

    severity = "warning"
    from_declaration: ClassVar[tuple[str, ...]] = (
        *SeriesCheck.from_declaration, "parents", "due", "decimals"
    )

    indicators: list[str] = []
    where: dict[str, str] = {}
    min_share: float = 0.9
    parents: dict[str, str]
    due: dict[str, int]
    decimals: dict[str, int]

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> Arguments:
        """Return what a `dataset` declares for checks of areas that add up.

        That is its codelist's parents, from the `registries`, how many parts are due, and the
    indicators' decimals.
        """
        codelist = registries.codelists[dataset.geography.codelist]
        parents = {each.code: each.parent for each in codelist.entries if each.parent}
        due: dict[str, int] = {}
        for each in codelist.entries:
            if each.parent and each.kind not in ("former", "other"):
                due[each.parent] = due.get(each.parent, 0) + 1
        decimals = {code: each.decimals for code, each in dataset.indicators.items()}
        given = super().declared(dataset, registries)
        return {**given, "parents": parents, "due": due, "decimals": decimals}

    def words(self, wording: Wording) -> Mapping[str, str]:
        return {"only": wording.narrowed(self.indicators, self.where)}

    def parts(self) -> str:
        """Return common table expressions: `point`, and `part`, what lies in each area."""
        lies = ", ".join(f"({text(one)}, {text(whole)})" for one, whole in self.parents.items())
        due = ", ".join(f"({text(whole)}, {number})" for whole, number in self.due.items())
        others = self.key_without("ref_area")
        return f"""
point AS (
  SELECT * FROM {{batch}}
  WHERE isfinite(obs_value) AND {where(self.where, indicators=self.indicators)}
),
lies(inside, whole) AS (VALUES {lies}),
due(whole, due) AS (VALUES {due}),
part AS (
  SELECT whole AS ref_area, {others}, sum(obs_value) AS total, count(*) AS parts,
    min(obs_value) AS low, max(obs_value) AS high
  FROM point JOIN lies ON ref_area = inside JOIN due USING (whole)
  GROUP BY whole, due, {others} HAVING count(*) >= {self.min_share} * due
)"""


class AreasAddUp(HierarchyCheck):
    """An area whose figure is not the sum of the areas that lie in it, by the codelist.

    Off by more than `tolerance` and by more than rounding can explain: half of the indicator's
    last decimal for each part and for the area itself.
    """

    type = "expect_areas_to_add_up"
    vi = "mỗi khu vực bằng tổng các khu vực nằm trong đó{only}"
    en = "each area is the sum of the areas that lie in it{only}"

    tolerance: float = 0

    def query(self) -> str:
        decimals = ", ".join(f"({text(code)}, {each})" for code, each in self.decimals.items())
        return f"""
WITH decimal(indicator, decimals) AS (VALUES {decimals}),{self.parts()}
SELECT _id, obs_value AS observed, total AS expected, obs_value / nullif(total, 0) AS factor,
  parts AS reference
FROM point JOIN part USING (ref_area, {self.key_without("ref_area")})
  JOIN decimal USING (indicator)
WHERE abs(obs_value - total) > greatest(
  {self.tolerance} * abs(obs_value), (parts + 1.01) / 2 * power(10, -decimals)
)"""


class AreaBetweenParts(HierarchyCheck):
    """A rate of an area that is not between the lowest and highest of those that lie in it.

    By more than `within`, in the indicator's unit.
    """

    type = "expect_area_between_its_parts"
    vi = "tỷ lệ của mỗi khu vực nằm giữa mức thấp nhất và cao nhất của các khu vực trong đó{only}"
    en = "the rate of each area lies between the lowest and highest of the areas in it{only}"

    within: float = 0

    def query(self) -> str:
        return f"""
WITH {self.parts()}
SELECT _id, obs_value AS observed, low || ' … ' || high AS reference
FROM point JOIN part USING (ref_area, {self.key_without("ref_area")})
WHERE parts > 1 AND obs_value NOT BETWEEN low - {self.within} AND high + {self.within}"""
