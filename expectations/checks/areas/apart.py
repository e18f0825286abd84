"""Areas far from all others: what levels and steps have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from expectations.checks.areas.groups import group_codes
from expectations.checks.base import Implied, SeriesCheck, Severity
from expectations.checks.sql import columns, points, texts
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


def log(sql: str) -> str:
    """Return SQL for a logarithm, NULL for what has none: DuckDB may compute it of any row."""
    return f"ln(nullif(greatest({sql}, 0), 0))"


def sheet_points(series: list[str], frequency: str) -> str:
    """Return the points, with `area` and `sheet`: the key without area and period, hashed."""
    names = [name for name in series if name not in ("ref_area", "geo_vintage")]
    return points(series, frequency, also=f", hash({columns(names)}) AS sheet, ref_area AS area")


class AreasApartCheck(SeriesCheck):
    """A check that compares the areas of a sheet; groups of areas (`apart`) are left out."""

    severity: ClassVar[Severity] = "warning"

    min_areas: int
    min_factor: float
    times_usual: float = 1.5
    apart: list[str] = []

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the check, with the groups of areas `apart`."""
        given = {"apart": group_codes(dataset, registries)}
        return [Implied(str(cls.automatic), cls.severity, given)]

    def _single(self) -> str:
        """Return the condition that an area is one among others, no group of them."""
        return f"area NOT IN ({texts(self.apart)})" if self.apart else "true"

    def _points(self) -> str:
        return f"SELECT * FROM ({sheet_points(self.series, self.frequency)}) WHERE {self._single()}"

    def _far(self, value: str) -> tuple[str, str]:
        """Return columns over the areas of a group, and the condition that one is far off."""
        names = f"""count(*) AS areas, median({value}) AS middle,
    max({value}, 2) AS top, min({value}, 2) AS bottom,
    arg_max(area, {value}, 2)[2] AS next_below, arg_min(area, {value}, 2)[2] AS next_above,
    greatest(ln({self.min_factor}), {self.times_usual} *
      (quantile_cont({value}, 0.75) - quantile_cont({value}, 0.25))) AS least"""
        return names, (
            f"count(*) >= {self.min_areas}"
            " AND (top[1] - top[2] >= least OR bottom[2] - bottom[1] >= least)"
        )


def is_far(value: str) -> str:
    """Return the condition that a value is the one that is far off."""
    return (
        f"({value} = top[1] AND top[1] - top[2] >= least"
        f" OR {value} = bottom[1] AND bottom[2] - bottom[1] >= least)"
    )
