"""Areas against what lies in them: country, regions and provinces of a table."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.checks.registry import all_checks
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.expectations import row, table

CENTRAL_HIGHLANDS = ("62", "64", "66", "67", "68")
REGIONS = ("RRD", "NMM", "NCCC", "CH", "SE", "MRD")
PROVINCES = dict.fromkeys(CENTRAL_HIGHLANDS, 10.0)


def found(kind: str, figures: dict[str, float], **arguments: Any) -> dict[str, float | None]:
    declared = dataset()
    check = all_checks()[kind].of(arguments, declared, registries())
    title = check.title(declared, registries())
    assert title.get("vi") != title.get("en")
    rows = [
        row(indicator="ROOMS", ref_area=area, obs_value=value) for area, value in figures.items()
    ]
    query = check.query().format(batch="(SELECT * FROM observation)")
    result = table(rows).execute(query)
    names = [column[0] for column in result.description]
    records = [dict(zip(names, each, strict=True)) for each in result.fetchall()]
    return {list(figures)[each["_id"]]: each.get("expected") for each in records}


@pytest.mark.parametrize(("figures", "expected"), [
    ({**PROVINCES, "CH": 50}, {}),
    ({**PROVINCES, "CH": 53}, {}),  # rounding: half a unit for each of five, and for the sum
    ({**PROVINCES, "CH": 54}, {"CH": 50}),
    ({"62": 10, "64": 10, "CH": 54}, {}),  # a table of a few provinces says nothing
    ({**dict.fromkeys(REGIONS, 10.0), "VNM": 60}, {}),
    ({**dict.fromkeys(REGIONS, 10.0), "VNM": 80}, {"VNM": 60}),
    ({**dict.fromkeys(REGIONS, 10.0), "VNM": 80, "NALL": 20}, {}),
    ({**PROVINCES, "CH": 50, **dict.fromkeys(REGIONS[:3], 5.0), "SE": 5, "MRD": 5, "VNM": 75}, {}),
])
def test_a_total_is_the_sum_of_what_lies_in_it(
    figures: dict[str, float], expected: dict[str, float]
) -> None:
    assert found("expect_areas_to_add_up", figures) == expected


def test_ha_tay_counts_where_it_has_figures() -> None:
    red_river = ("01", "22", "26", "27", "30", "31", "33", "34", "35", "36", "37")
    figures = dict.fromkeys(red_river, 100.0) | {"28": 100.0, "RRD": 1200.0}
    assert found("expect_areas_to_add_up", figures) == {}
    assert found("expect_areas_to_add_up", figures | {"28": 0.0}) == {"RRD": 1100}
    assert found("expect_areas_to_add_up", figures | {"28": 0.0}, tolerance=0.1) == {}


def test_a_rate_lies_between_those_of_its_parts() -> None:
    rates = dict(zip(CENTRAL_HIGHLANDS, (2.0, 3.0, 4.0, 5.0, 6.0), strict=True))
    assert found("expect_area_between_its_parts", rates | {"CH": 4.0}) == {}
    assert set(found("expect_area_between_its_parts", rates | {"CH": 6.5})) == {"CH"}
    assert found("expect_area_between_its_parts", rates | {"CH": 6.5}, within=1.0) == {}
