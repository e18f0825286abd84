"""A table looked at in parts: what a check finds there is what it finds in the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
import pytest

from expectations.checks.registry import all_checks
from expectations.runner import parts
from expectations.runner.measure import measure
from expectations.runner.plan import plan_of
from expectations.suites.suite import full_suite
from tests.fixtures.datasets import dataset, registries

NAMES = ("_id", "indicator", "ref_area", "geo_vintage", "freq", "time_period", "sheet", "fault",
         "obs_value")
AREAS = [f"{number:02}" for number in range(1, 97)][:30]
PERIODS = {
    "A": [str(year) for year in range(2000, 2025)],
    "Q": [f"{year}-Q{quarter}" for year in range(2019, 2025) for quarter in range(1, 5)],
    "YTD": [f"{year}-01-01/P{month}M" for year in range(2022, 2025) for month in range(1, 13)],
}
# What is wrong with the figures `v` of a series from the place `n` on, or there alone.
FAULTS: dict[str, Callable[[list[float], int], list[float]]] = {
    "none": lambda v, n: v,
    "sign": lambda v, n: [*v[:n], -v[n], *v[n + 1:]],
    "marker": lambda v, n: [*v[:n], 0, *v[n + 1:]],
    "nines": lambda v, n: [*v[:n], 99999, *v[n + 1:]],
    "spike": lambda v, n: [*v[:n], v[n] * 90, *v[n + 1:]],
    "unit": lambda v, n: [*v[:n], *(x * 1000 for x in v[n:])],
    "fall": lambda v, n: [*v[:n], v[n] / 3, *v[n + 1:]],
    "year summed": lambda v, n: [*v[:-4], v[-4], v[-4] * 2, v[-4] * 3, v[-4] * 4],
}


def _rows(frequency: str, everywhere: bool) -> Iterator[tuple]:
    """Yield rows; each fault is in all areas of a sheet, or in three of them."""
    number = 0
    periods = PERIODS[frequency]
    for sheet, (name, fault) in enumerate(FAULTS.items()):
        for place, area in enumerate(AREAS):
            values = [1000.0 + 300 * place + (7 * place + 13 * n + n * n) % 50 + n
                      for n in range(len(periods))]
            if everywhere or place < 3:
                values = fault(values, 10 + place % 3)
            for period, value in zip(periods, values, strict=True):
                number += 1
                yield (number, "ROOMS", area, "v", frequency, period, f"s{sheet}", name, value)


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("frequency", PERIODS)
def test_a_check_of_one_series_finds_the_same_in_parts(frequency, everywhere):
    declared = dataset(
        frequency=frequency,
        dimensions={"sheet": {"name": {"vi": "Bảng", "en": "Sheet"}}},
    )
    suite = full_suite(declared, None, registries())
    plans = {item.name: plan for item in suite.expectations if (plan := plan_of(item))}
    series = [name for name in declared.key if name != "time_period"]
    evaluable = [item for item in suite.expectations if not item.relations]
    with duckdb.connect() as con:
        columns = zip(*_rows(frequency, everywhere), strict=True)
        con.register("rows", pa.table(dict(zip(NAMES, map(pa.array, columns), strict=True))))
        con.execute("CREATE TABLE whole AS FROM rows")
        for column in declared.columns:
            con.execute(f'ALTER TABLE whole ADD COLUMN IF NOT EXISTS "{column}" VARCHAR')
        con.execute("UPDATE whole SET obs_status = 'A', unit_measure = 'count'")
        found = []
        for number in range(12):
            con.execute(
                "CREATE OR REPLACE TEMP TABLE part AS FROM whole WHERE"
                f" hash(sheet, ref_area) % 12 = {number}"
            )
            found.append(parts.look(con, "part", evaluable, plans, series))
        looked = parts.together(found)
        _, whole = measure(con, "whole", {item.name: plans[item.name] for item in evaluable})
    of_parts = {name: each.unexpected for name, each in looked.measured.items()}
    assert {name: whole[name].error for name in of_parts} == dict.fromkeys(of_parts)
    assert of_parts == {name: whole[name].unexpected for name in of_parts}
    assert all(whole[name].unexpected == 0 for name in looked.skipped)
    assert any(of_parts.values())
    within = {item.name for item in evaluable if item.check.within_series}
    assert within <= looked.asked and "key_unique" in of_parts


def test_every_check_of_one_series_is_among_those_that_are_tried():
    tried = {
        item.type for frequency in PERIODS
        for item in full_suite(dataset(frequency=frequency), None, registries()).expectations
    }
    declared = {name for name, kind in all_checks().items() if kind.within_series}
    assert declared - tried == {"expect_no_leap"}  # only where a suite asks for it
