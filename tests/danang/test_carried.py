"""Each figure that the sample has from the statistics office is that of its original table."""

from __future__ import annotations

import csv
from functools import cache

import pytest
import yaml

from tests.danang.carry import SAMPLE, Carried, carried
from tests.danang.originals import Key, cells
from tests.fixtures.datasets import real_files

RULES = {each.dataset: each for each in carried()}
_FIXED = {"indicator", "ref_area", "year", "month", "time_period", "value", "status", "table",
          "obs_value", "obs_status", "obs_note"}


@pytest.fixture(scope="module", autouse=True)
def _originals() -> None:
    real_files("../danang")


def facts(rule: Carried, day: str) -> list[dict[str, str]]:
    with (SAMPLE / rule.dataset / f"{day}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dimensions(rule: Carried) -> tuple[str, ...]:
    if rule.as_indicator:
        return ("sex", "residence")
    day = min(rule.vintages)
    return tuple(name for name in facts(rule, day)[0] if name not in _FIXED)


@cache
def original(sector: str, table: str, names: tuple[str, ...]) -> dict[Key, tuple[float, str]]:
    return cells(sector, table, names)


def key_of(rule: Carried, names: tuple[str, ...], fact: dict[str, str]) -> Key:
    period = fact.get("year") or fact.get("month") or fact["time_period"]
    if rule.as_indicator:
        codes = {v: k for k, v in rule.as_indicator.items()}[fact["indicator"]].split()
        return ("average_population", *codes, fact["ref_area"], period)
    return (fact["indicator"], *(fact[n] for n in names), fact["ref_area"], period)


def newest_cell(
    rule: Carried, day: str, names: tuple[str, ...], fact: dict[str, str]
) -> tuple[float, str]:
    """Return the figure of the newest edition, up to a day, that has the fact's series."""
    key = key_of(rule, names, fact)
    for published in sorted(rule.vintages, reverse=True):
        if published > day:
            continue
        editions = [
            original(rule.dataset.partition("/")[0], table, names)
            for table in rule.vintages[published]
            if fact.get("table") in (None, table.rpartition("_")[0])
        ]
        for edition in editions:
            if key in edition:
                return edition[key]
        if not rule.each_cell:
            series = {each[:-1] for edition in editions for each in edition}
            assert key[:-1] not in series, (published, fact)
    raise AssertionError((rule.dataset, fact))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_each_fact_is_its_tables_cell(rule: Carried) -> None:
    names = dimensions(rule)
    compared = 0
    for day in rule.vintages:
        for fact in facts(rule, day):
            value, status = newest_cell(rule, day, names, fact)
            said = fact.get("value") or fact["obs_value"]
            assert float(said) == value, fact
            assert (fact.get("status") or fact.get("obs_status") or "") == status, fact
            compared += 1
    assert compared > 100


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_cell_of_a_table_is_lost(rule: Carried) -> None:
    names, sector = dimensions(rule), rule.dataset.partition("/")[0]
    for day, tables in rule.vintages.items():
        have = {key_of(rule, names, fact) for fact in facts(rule, day)}
        for table in tables:
            for key in original(sector, table, names):
                row = dict(zip(("indicator", *names, "ref_area"), key[:-1], strict=True))
                if rule.keeps(row):
                    assert key in have, (table, key)


def test_a_transcribed_table_is_marked_as_such() -> None:
    for rule in RULES.values():
        source = yaml.safe_load((SAMPLE / rule.dataset / "source.yaml").read_text("utf-8"))
        copied = any(name.endswith("_2026") for names in rule.vintages.values() for name in names)
        assert ("Checked:" in source.get("transcribed", "")) == copied, rule.dataset
