"""Computed cells: their value against exact arithmetic, their status, and their lineage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.declarations.formula import (
    Node,
    Number,
    Reference,
    parse_formula,
    references,
)
from model.errors import ReadError, SourceError
from tests.fixtures.computed import (
    NAME,
    NEW,
    NOTE,
    OLD,
    compute,
    computed_dataset,
    indicators,
    released,
    source_dataset,
)
from warehouse.computing.compute import STATUSES
from warehouse.store.data_dir import DataDir

PEOPLE = source_dataset("people", indicators=indicators(
    population="thousand_persons", area="km2", a="count", b="count",
    low={"unit": "count", "interval": {"kind": "range"}},
))
SCHOOLS = source_dataset(
    "schools", indicators=indicators(pupils="persons"),
    dimensions={"sex": {"name": NAME, "codelist": "sex"}},
)
INPUTS = {"people": PEOPLE.id}


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


def cell(indicator: str, value: float | None, area: str = "48", year: str = "2020",
         **other: Any) -> dict[str, Any]:
    return {"indicator": indicator, "ref_area": area, "time_period": year, "obs_value": value,
            **other}


def by_key(cells: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(each["ref_area"], each["time_period"]): each["obs_value"] for each in cells}


# --- Arithmetic, against fractions

VALUES = st.decimals(-10_000, 10_000, places=2, allow_nan=False, allow_infinity=False)
AREAS, YEARS, CODES = ("48", "49", "VNM"), ("2019", "2020", "2021"), ("a", "b")
KEYS = [(code, area, year) for code in CODES for area in AREAS for year in YEARS]
REFERENCES = st.sampled_from([
    "people.a", "people.b", "previous(people.a)", "year_before(people.b)",
    'people.a.at(ref_area="VNM")', 'people.b.at(time_period="2020")',
    'people.a.at(ref_area="48+49")',
])
FORMULAS = st.recursive(
    REFERENCES | st.sampled_from(["2", "0.5", "100"]),
    lambda part: st.tuples(part, st.sampled_from("+-*/"), part).map(
        lambda each: f"({each[0]} {each[1]} {each[2]})"
    ), max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(FORMULAS, st.dictionaries(st.sampled_from(KEYS), st.none() | VALUES, min_size=4))
def test_formulas_compute_what_fractions_do(text: str, values: dict[Any, Any]) -> None:
    text = f"people.a * 0 + {text}"  # it has an area and a period
    node = parse_formula(text)
    computed = computed_dataset(INPUTS, {"X": ("ratio", text)})
    with TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder))
        released(data_dir, PEOPLE, [
            cell(code, None if value is None else float(value), area, year,
                 obs_status="O" if value is None else "A")
            for (code, area, year), value in values.items()
        ])
        cells, lineage = compute(data_dir, computed, PEOPLE)
    found = by_key(cells)
    exact = {key: None if value is None else Fraction(value) for key, value in values.items()}
    for area in AREAS:
        for year in YEARS:
            used = {key for each in references(node) for key in keys_of(each, area, year)}
            if not used <= exact.keys():
                assert (area, year) not in found  # no cell, no figure
                continue
            wanted, scale = naive(node, exact, area, year)
            value = found[area, year]
            assert (value is None) == (wanted is None)
            if wanted is not None:
                assert abs(Fraction(value) - wanted) <= Fraction(1, 10**11) * max(scale, 1)
    assert {number for number, _, _ in lineage} == set(range(1, len(cells) + 1))


def keys_of(reference: Reference, area: str, year: str) -> list[tuple[str, str, str]]:
    held = dict(reference.at)
    if reference.shift:
        year = str(int(year) - 1)
    return [
        (reference.indicator, each, held.get("time_period", (year,))[0])
        for each in held.get("ref_area", (area,))
    ]


def naive(
    node: Node, values: dict[Any, Fraction | None], area: str, year: str
) -> tuple[Fraction | None, Fraction]:
    """Return the exact value, and the largest number on the way, which floats are exact to."""
    if isinstance(node, Number):
        return node.value, abs(node.value)
    if isinstance(node, Reference):
        parts = [values[key] for key in keys_of(node, area, year)]
        if any(part is None for part in parts):
            return None, Fraction(0)
        total = sum((part for part in parts if part is not None), Fraction(0))
        return total, abs(total)
    (one, first), (other, second) = (
        naive(each, values, area, year) for each in (node.left, node.right)
    )
    if one is None or other is None or (node.sign == "/" and other == 0):
        return None, Fraction(0)
    result = {
        "+": lambda: one + other, "-": lambda: one - other,
        "*": lambda: one * other, "/": lambda: one / other,
    }[node.sign]()
    if node.sign == "*":
        scale = max(first, 1) * max(second, 1)
    elif node.sign == "/":
        scale = max(first, 1) * max(second, 1) / min(other * other, 1)
    else:
        scale = first + second
    return result, max(scale, abs(result))


# --- Units, sums, borders


def test_figures_are_brought_to_the_declared_unit(data_dir: DataDir) -> None:
    released(data_dir, PEOPLE, [cell("population", 1046.9), cell("area", 1285.4)])
    computed = computed_dataset(INPUTS, {
        "density": ("persons_per_km2", "people.population / people.area"),
        "people": ("persons", "people.population"),
    })
    cells, _ = compute(data_dir, computed, PEOPLE)
    assert [each["obs_value"] for each in cells] == [pytest.approx(814.4546), 1046900]


def test_a_sum_needs_every_part_and_has_no_digits_of_the_machine(data_dir: DataDir) -> None:
    sexes = [cell("pupils", value, sex=sex) for sex, value in (("F", 0.1), ("M", 0.2))]
    released(data_dir, SCHOOLS, [*sexes, cell("pupils", 5, "49", sex="F")])
    computed = computed_dataset(
        {"schools": SCHOOLS.id}, {"X": ("persons", 'schools.pupils.at(sex="F+M")')}
    )
    cells, lineage = compute(data_dir, computed, SCHOOLS)
    assert by_key(cells) == {("48", "2020"): 0.3}
    assert lineage == [(1, "schools", 0), (1, "schools", 1)]


def test_a_reconstruction_adds_up_what_merged_and_says_so(data_dir: DataDir) -> None:
    released(data_dir, PEOPLE, [
        cell("population", 1046.9), cell("population", 1495.8, "49", obs_status="P"),
        cell("population", 1200.0, "01"), cell("population", 800, "VNM"),
        cell("population", 5, "48", "2021"),
        cell("population", 9, "48", "2022", geo_vintage=NEW),
        cell("population", 9, "49", "2022", geo_vintage=NEW),
    ])
    computed = computed_dataset(
        {"people": {"dataset": PEOPLE.id, "reconstruction": "reconstructed"}},
        {"X": ("thousand_persons", "people.population")}, "vn_province_2025", footnotes=NOTE,
    )
    cells, lineage = compute(data_dir, computed, PEOPLE)
    found = {each["ref_area"]: each for each in cells}
    assert {area: each["obs_value"] for area, each in found.items()} == {
        "01": 1200, "48": 2542.7, "VNM": 800
    }
    assert found["48"]["obs_status"] == "P"
    assert {each["footnotes"] for each in cells} == {"reconstructed"}
    assert [number for number, _, _ in lineage].count(2) == 2


def test_areas_are_summed_up_to_what_they_lie_in(data_dir: DataDir) -> None:
    from tests.fixtures.datasets import registries
    areas = registries().codelists["vn_province_2008"].entries
    inside = [each.code for each in areas if each.parent == "CH"]
    released(data_dir, PEOPLE, [cell("a", 2, code) for code in inside]
             + [cell("a", 2, code, "2021") for code in inside[1:]])
    computed = computed_dataset(INPUTS, {"X": ("count", "within(people.a)")})
    cells, _ = compute(data_dir, computed, PEOPLE)
    assert by_key(cells) == {("CH", "2020"): 2 * len(inside)}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(
    st.sampled_from(["48", "49", "01"]), st.sampled_from(["2019", "2020"]),
    st.sampled_from([OLD, NEW]),
), unique=True, min_size=1), st.booleans())
def test_no_figure_mixes_borders(keys: list[tuple[str, str, str]], reconstructed: bool) -> None:
    """Whatever an input's release holds: a figure is of one vintage, or of a named sum."""
    rows = [cell("a", 1, area, year, geo_vintage=vintage) for area, year, vintage in keys]
    computed = computed_dataset(
        {"people": {"dataset": PEOPLE.id, "reconstruction": "reconstructed"}}
        if reconstructed else INPUTS,
        {"X": ("count", 'people.a + people.a.at(ref_area="48")')},
        "vn_province_2025" if reconstructed else "vn_province_2008",
        footnotes=NOTE if reconstructed else {},
    )
    with TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder))
        released(data_dir, PEOPLE, rows)
        cells, lineage = compute(data_dir, computed, PEOPLE)
    stored = sorted(rows, key=lambda each: (
        each["indicator"], each["ref_area"], each["geo_vintage"], each["time_period"]
    ))
    assert {stored[row]["geo_vintage"] for _, _, row in lineage} <= {OLD}
    for number, each in enumerate(cells, start=1):
        assert (each.get("footnotes") == "reconstructed") == reconstructed
        used = {stored[row]["ref_area"] for n, _, row in lineage if n == number}
        parts = {"48": {"48", "49"}, "01": {"01", "48", "49"}}
        assert used == (parts[each["ref_area"]] if reconstructed else {each["ref_area"], "48"})


# --- Status and intervals


@given(st.sampled_from(STATUSES), st.sampled_from(STATUSES))
@settings(max_examples=30, deadline=None)
def test_the_worst_status_wins_and_no_value_leaves_none(one: str, other: str) -> None:
    computed = computed_dataset(INPUTS, {"X": ("count", "people.a + people.b")})
    with TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder))
        released(data_dir, PEOPLE, [
            cell(code, None if status in "OQ" else 1.0, obs_status=status)
            for code, status in (("a", one), ("b", other))
        ])
        (found,), _ = compute(data_dir, computed, PEOPLE)
    assert found["obs_status"] == max(one, other, key=STATUSES.index)
    assert (found["obs_value"] is None) == bool({one, other} & {"O", "Q"})


def test_nothing_is_divided_by_zero(data_dir: DataDir) -> None:
    released(data_dir, PEOPLE, [cell("a", 1), cell("b", 0)])
    computed = computed_dataset(INPUTS, {"X": ("ratio", "people.a / people.b")})
    (found,), _ = compute(data_dir, computed, PEOPLE)
    assert (found["obs_value"], found["obs_status"]) == (None, "O")


@given(st.sampled_from("+-*/"), st.lists(
    st.tuples(st.integers(-9, 9), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=2,
))
@settings(max_examples=40, deadline=None)
def test_bounds_hold_what_ranges_can_give(sign: str, sides: list[tuple[int, int, int]]) -> None:
    computed = computed_dataset(INPUTS, {"X": {
        "unit": "count", "formula": f"people.low {sign} previous(people.low)",
        "interval": {"kind": "range"},
    }})
    (x, below, above), (y, less, more) = sides
    with TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder))
        released(data_dir, PEOPLE, [
            cell("low", x, lower_bound=x - below, upper_bound=x + above),
            cell("low", y, year="2019", lower_bound=y - less, upper_bound=y + more),
        ])
        cells, _ = compute(data_dir, computed, PEOPLE)
    (found,) = (each for each in cells if each["time_period"] == "2020")
    if sign == "/" and y - less <= 0 <= y + more:
        assert found["lower_bound"] is None
        return
    for one in (x - below, x, x + above):
        for other in (y - less, y, y + more):
            value = {"+": one + other, "-": one - other, "*": one * other}.get(sign)
            value = one / other if value is None else value
            assert found["lower_bound"] - 1e-9 <= value <= found["upper_bound"] + 1e-9


def test_an_input_must_have_a_release(data_dir: DataDir) -> None:
    computed = computed_dataset(INPUTS, {"X": ("count", "people.a")})
    with pytest.raises(SourceError, match="people.*has no release yet"):
        compute(data_dir, computed, PEOPLE)


# --- A declaration's own SELECT

SELECT = """
SELECT 'X' AS indicator, ref_area, time_period, obs_value * 2 AS obs_value, [cell] AS cells
FROM people WHERE indicator = 'a'
"""


def selecting(data_dir: DataDir, sql: str) -> tuple[list[dict[str, Any]], list[Any]]:
    released(data_dir, PEOPLE, [
        cell("a", 3, obs_status="P"), cell("a", None, "49", obs_status="O"), cell("b", 1),
    ])
    computed = computed_dataset(INPUTS, {"X": {"unit": "count"}}, select="own.sql")
    return compute(data_dir, computed, PEOPLE, select=sql)


def test_a_select_has_status_and_lineage_like_a_formula(data_dir: DataDir) -> None:
    cells, lineage = selecting(data_dir, SELECT)
    assert [(each["obs_value"], each["obs_status"]) for each in cells] == [(6, "P"), (None, "O")]
    assert lineage == [(1, "people", 0), (2, "people", 1)]


def test_a_select_cannot_make_a_figure_of_what_has_none(data_dir: DataDir) -> None:
    cells, _ = selecting(data_dir, SELECT.replace("obs_value * 2", "coalesce(obs_value, 0)"))
    assert [each["obs_value"] for each in cells] == [3, None]


@pytest.mark.parametrize(("change", "why"), [
    (("FROM people", "FROM read_csv('/etc/passwd')"), "read_csv"),
    (("FROM people", "FROM '/etc/passwd'"), "no input"),
    (("FROM people", "FROM information_schema.tables"), "no input"),
    (("FROM people", "FROM duckdb_settings()"), "duckdb_settings"),
    (("FROM people", "FROM shifted_periods"), "no input"),
    (("FROM people", "FROM people, (SELECT content FROM read_text('/etc/passwd'))"), "read_text"),
    (("FROM people", "FROM people WHERE (SELECT count(*) FROM glob('*')) > 0 --"), "glob"),
    ((SELECT, "COPY people TO '/tmp/x'"), "not one SELECT|cannot be read"),
    ((SELECT, f"{SELECT}; {SELECT}"), "not one SELECT"),
    ((SELECT, "INSTALL httpfs"), "not one SELECT|cannot be read"),
    ((SELECT, "SET enable_external_access = true"), "not one SELECT|cannot be read"),
    (("[cell]", "[]"), "name no cell"), (("[cell]", "[123456]"), "that no input has"),
    (("[cell] AS cells", "1 AS y"), "does not run"),
    (("obs_value * 2", "nonsense"), "does not run"),
])
def test_a_select_reaches_only_its_inputs(
    data_dir: DataDir, change: tuple[str, str], why: str
) -> None:
    sql = SELECT.replace(*change)
    assert sql != SELECT
    with pytest.raises(ReadError, match=why):
        selecting(data_dir, sql)


def test_a_select_may_name_its_own_subqueries(data_dir: DataDir) -> None:
    sql = f"WITH own AS ({SELECT}) SELECT * FROM own, range(1)"
    assert len(selecting(data_dir, sql)[0]) == 2
