"""What a formula may say: units, breakdowns, intervals and borders are checked before it runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.declarations.computed import check_borders
from model.declarations.formula import (
    FormulaError,
    parse_formula,
    references,
)
from model.reference.units import Quantity
from tests.fixtures.computed import (
    NAME,
    NOTE,
    computed_dataset,
    indicators,
    source_dataset,
    typing_of,
)
from tests.fixtures.datasets import registries

PEOPLE = source_dataset("people", indicators=indicators(
    population="thousand_persons", area="km2", density="persons_per_km2", women="persons",
    income={"unit": "thousand_vnd", "additive": False}, literacy="percent", rank="rank",
    low={"unit": "persons", "interval": {"kind": "range"}},
    survey={"unit": "persons", "interval": {"kind": "confidence", "level": 95}},
))
SALES = source_dataset("sales", indicators=indicators(
    turnover="billion_vnd", beds="beds", cpi="index", exports="million_usd",
))
SCHOOLS = source_dataset(
    "schools", indicators=indicators(pupils="persons"),
    dimensions={"sex": {"name": NAME, "codelist": "sex"}},
)
MONTHS = source_dataset("months", indicators=indicators(guests="arrivals"), frequency="M")
MERGED = source_dataset("merged", "vn_province_2025", indicators=indicators(population="persons"))
OTHERS = (PEOPLE, SALES, SCHOOLS, MONTHS, MERGED)
INPUTS = {each.name: each.id for each in OTHERS}


def check(unit: str, formula: str, **fields: Any) -> None:
    interval = fields.pop("interval", None)
    declared = {"unit": unit, "formula": formula, **({"interval": interval} if interval else {})}
    computed = computed_dataset(INPUTS, {"X": declared}, **fields)
    typing_of(computed, *OTHERS).check(computed.indicators["X"])


GOOD = [
    ("persons_per_km2", "people.population / people.area"),
    ("per_10000", "sales.beds / people.population"),
    ("per_1000", "people.women / people.population"),
    ("million_vnd_per_person", "sales.turnover / people.population"),
    ("vnd", "sales.turnover - 2 * sales.turnover"),
    ("percent", "sales.turnover / sales.turnover.at(ref_area='VNM')"),
    ("percent", "sales.turnover / previous(sales.turnover) - 1"),
    ("index", "sales.turnover / sales.turnover.at(time_period='2010')"),
    ("persons", "people.population + people.women"),
    ("persons", "people.density * people.area"),
    ("persons", "people.literacy * people.population"),
    ("percent", "1 - people.literacy"),
    ("persons", "schools.pupils.at(sex='F')"),
    ("persons", "schools.pupils.at(sex='F+M')"),
    ("persons", "within(people.population)"),
    ("thousand_persons", "people.population.at(ref_area='48+49') * people.literacy"),
    ("thousand_vnd", "people.income"),
]
BAD = [
    ("persons_per_km2", "people.area / people.population", "gives m2/persons"),
    ("persons", "people.population / people.area", "which is not persons"),
    ("persons", "people.population + people.area", "different units"),
    ("billion_vnd", "sales.turnover + sales.exports", "different units"),
    ("percent", "people.literacy + people.literacy", "not added up"),
    ("persons_per_km2", "people.density + people.density", "not added up"),
    ("index", "sales.cpi - previous(sales.cpi)", "not added up"),
    ("percent", "people.women / people.population + people.literacy", "not added up"),
    ("persons_per_km2", "within(people.density)", "adds up"),
    ("thousand_vnd", "within(people.income)", "declared not to be additive"),
    ("thousand_vnd", "people.income + people.income", "not added up"),
    ("percent", "people.literacy.at(ref_area='48+49') * people.area / people.area", "adds up"),
    ("per_1000", "sales.turnover / sales.turnover", "which is not per_1000"),
    ("per_1000", "people.area / people.population", "which is not per_1000"),
    ("rank", "people.rank", "nothing is computed"),
    ("score", "people.literacy", "nothing is computed in it"),
    ("persons", "schools.pupils", "broken down by sex"),
    ("persons", "people.population.at(ref_area='48')", "of which is the result"),
    ("persons", "people.population.at(ref_area='1048')", "is not in vn_province_2008"),
    ("persons", "people.population.at(sex='F')", "has no dimension 'sex'"),
    ("arrivals", "months.guests", "has the frequency M"),
    ("persons", "people.populaton", "did you mean 'population'"),
    ("persons", "poeple.population", "did you mean 'people'"),
    ("persons", "previous(people.women.at(time_period='2010'))", "holds the period and shifts"),
]


@pytest.mark.parametrize(("unit", "formula"), GOOD)
def test_what_fits_is_accepted(unit: str, formula: str) -> None:
    check(unit, formula)


@pytest.mark.parametrize(("unit", "formula", "why"), BAD)
def test_what_does_not_fit_is_refused(unit: str, formula: str, why: str) -> None:
    with pytest.raises(FormulaError, match=why.replace("(", r"\(")):
        check(unit, formula)


@pytest.mark.parametrize("text", [
    "__import__('os').system('x')", "people.population if 1 else 2", "people[0]", "people.a.b.c",
    "lambda: 1", "people.population ** 2", "1 + 1", "", "people.population +", "x" * 501,
    "(" * 240 + "a.b" + ")" * 240, "people.population.at()", "people.population.at(ref_area=48)",
    "previous(people.a + people.b)", "True * people.a", "people.population // 2", "f(people.a)",
])
def test_nothing_but_a_formula_is_read(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text)


def test_intervals_follow_only_where_that_is_sound() -> None:
    ninety_five = {"kind": "confidence", "level": 95}
    check("persons", "2 * people.survey", interval=ninety_five)
    check("per_1000", "people.survey / people.population", interval=ninety_five)
    check("persons", "people.low + people.low", interval={"kind": "range"})
    for formula, why in (
        ("people.survey + people.survey", "no joint one"),
        ("people.survey - people.low", "of different kinds"),
        ("within(people.survey)", "no joint one"), ("people.women", "no input has"),
    ):
        with pytest.raises(FormulaError, match=why):
            check("persons", formula, interval=ninety_five)


def test_borders_are_part_of_the_type() -> None:
    known = registries()
    same = computed_dataset({"people": PEOPLE.id}, {"X": ("persons", "people.women")})
    check_borders(same, "people", PEOPLE, known)
    later = computed_dataset(
        {"people": PEOPLE.id}, {"X": ("persons", "people.women")}, "vn_province_2025"
    )
    with pytest.raises(FormulaError, match="the same code is another place"):
        check_borders(later, "people", PEOPLE, known)
    named = {"people": {"dataset": PEOPLE.id, "reconstruction": "reconstructed"}}
    declared = computed_dataset(
        named, {"X": ("persons", "people.women")}, "vn_province_2025", footnotes=NOTE
    )
    check_borders(declared, "people", PEOPLE, known)
    typing_of(declared, PEOPLE).check(declared.indicators["X"])
    with pytest.raises(FormulaError, match="adds up"):
        share = computed_dataset(
            named, {"X": ("percent", "people.literacy")}, "vn_province_2025", footnotes=NOTE
        )
        typing_of(share, PEOPLE).check(share.indicators["X"])
    backwards = computed_dataset(
        {"people": {"dataset": MERGED.id, "reconstruction": "reconstructed"}},
        {"X": ("persons", "people.population")}, footnotes=NOTE,
    )
    with pytest.raises(FormulaError, match="no reconstruction leads"):
        check_borders(backwards, "people", MERGED, known)
    with pytest.raises(ValueError, match="readers must be told"):
        computed_dataset(named, {"X": ("persons", "people.women")}, "vn_province_2025")


UNITS = [unit for unit in registries().units.values() if unit.quantity is not None]


@given(st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_units_compute_like_quantities(one: Any, other: Any) -> None:
    product = one.quantity.times(other.quantity)
    back = product.times(other.quantity, -1)
    assert (back.powers, back.factor) == (one.quantity.powers, one.quantity.factor)
    assert one.quantity.times(one.quantity, -1) == Quantity(())
    if not one.of_counts:
        assert one.quantity.fits(one)


def test_a_formula_names_its_references_in_order() -> None:
    found = list(references(parse_formula("a.x / previous(b.y.at(ref_area='48', sex='F')) - 1")))
    assert [str(each) for each in found] == [
        "a.x", 'previous(b.y.at(ref_area="48", sex="F"))'
    ]
