"""Values that are a power of ten away from their neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.base import Implied, Severity
from expectations.checks.series.cuts import CutSeriesCheck
from expectations.checks.sql import texts
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import Bilingual


class SeriesUnitSlips(CutSeriesCheck):
    """A point, a stretch or a tail that is off by one of the `powers` of ten, to `within` of it.

    A hundred is only found in `shares`, where these are named: what is a percentage or a share is
    published as the other by mistake, other figures are not.
    """

    type: ClassVar = "expect_series_values_to_keep_their_unit"
    text: ClassVar = Bilingual(
        vi="không giá trị nào lệch 100, 1.000 hay 1.000.000 lần so với các kỳ bên cạnh",
        en="no value is off by 100, 1,000 or 1,000,000 against the periods beside it",
    )
    severity: ClassVar[Severity] = "warning"
    automatic: ClassVar = "series_keep_unit"

    min_periods: int = 5
    powers: list[int] = [2, 3, 6]
    shares: list[str] = []
    within: float = 0.15
    times_usual: float = 3

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check, with the indicators in percent, ratios and indices as `shares`."""
        shares = [
            code for code, indicator in dataset.indicators.items()
            if indicator.unit.startswith("percent") or indicator.unit in ("ratio", "index")
        ]
        powers = [2, 3, 6] if shares else [3, 6]
        return [Implied(cls.automatic, cls.severity, {"powers": powers, "shares": shares})]

    def candidate(self) -> str:
        return (
            f"n >= {self.min_periods} AND positive AND n_positive >= {self.min_periods}"
            f" AND high >= {0.5 * 10 ** min(self.powers)} * low_positive"
        )

    def unusual(self, step: str) -> str:
        least = f"ln({0.4 * 10 ** min(self.powers)})"
        return f"{step} > greatest({self.times_usual} * usual, {least})"

    def query(self) -> str:
        power = "round(log10(factor))"
        listed = ", ".join(map(str, sorted(self.powers)))
        only = ""
        if self.shares:
            only = f" AND (abs({power}) <> 2 OR indicator IN ({texts(self.shares)}))"
        return f"""{self._found()}
SELECT _id, observed, expected, factor, reference, periods FROM found
WHERE abs({power}) IN ({listed}){only}
  AND abs(log10(factor) - {power}) <= 0.05 + least({self.within}, usual / ln(10))"""
