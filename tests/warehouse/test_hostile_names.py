"""Names and values of a declaration reach SQL quoted: a clear error or the right table."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.declarations.source import Source
from model.errors import ReadError
from model.util.text import clean_text
from tests.fixtures.datasets import dataset, registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.engine import connect

HOSTILE = [
    "Tourists' nights", 'a "quoted" name', "x; DROP TABLE raw; --", "select", "_freq", "rowid",
    "value", "Value", "unit", "source", "{0}", "%s", "?", "$1", "a.b", "`", "\\", "Đà Nẵng",
    "'", '"', "''", "/*", "E'\\n'", "_source_row", "NULL",
]
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1,
            max_size=12),
).filter(lambda text: text == clean_text(text) != "")
NAME = st.one_of(
    st.sampled_from(["select", "value", "unit", "source", "new", "parts", "reason", "old", "group",
                     "table", "status", "note", "reject", "name", "raw", "order", "mapped"]),
    st.from_regex(r"[a-z][a-z0-9_]{1,8}", fullmatch=True),
).filter(lambda name: name not in {
    "indicator", "ref_area", "geo_vintage", "freq", "time_period", "obs_value", "unit_measure",
    "obs_status", "obs_note", "lower_bound", "upper_bound", "footnotes",
})


def observations(columns, rules, declared, **source):
    """Return the observations of one row of a source's table."""
    names = {**columns, "_part": ["a.csv"], "_row": [2]}
    batch = pa.record_batch([pa.array(each) for each in names.values()], names=list(names))
    origin = Source.model_validate({"protocol": "files", "columns": rules, **source})
    with connect() as con:
        clean(con, [batch], Cleaning(declared, origin, {}, registries()))
        return con.execute("SELECT * FROM observation").to_arrow_table().to_pylist()


@settings(max_examples=15, deadline=None, derandomize=True,
          phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    columns=st.lists(TEXT, min_size=4, max_size=4, unique_by=str.casefold), dimension=NAME,
    code=TEXT, mark=st.sampled_from(["'", "*", "x';", "?"]), missing=TEXT, successor=st.booleans(),
)
@example(
    columns=["area", "year", "Tourists' nights", "kind"], dimension="unit", code="o'x", mark="'",
    missing="'", successor=True,
)
def test_names_and_codes_are_quoted(columns, dimension, code, mark, missing, successor):
    area, year, value, kind = columns
    declared = dataset(
        dimensions={dimension: {"name": {"vi": "Loại", "en": "Kind"}}},
        **({"geography": {"codelist": "vn_province_2025",
                          "coverage": {"vi": "Đà Nẵng", "en": "Da Nang"}}} if successor else {}),
    )
    rules = {
        "indicator": {"const": "ROOMS"}, "time_period": year,
        "ref_area": {"column": area, **({"codelist": "vn_province_2008", "successor": "same"}
                                        if successor else {})},
        "obs_value": {"column": value, "marks": {mark: {"note": code}}, "missing": [missing]},
        dimension: {"column": kind, "map": {code: code}},
    }
    cells = {area: ["01"], year: ["2024"], value: [f"12{mark}"], kind: [code]}
    [found] = observations(cells, rules, declared, where={kind: [code]})
    assert (found["time_period"], found["obs_value"]) == ("2024", 12.0), found
    assert found[dimension] == code.strip() and found["_column"] == value


@settings(max_examples=12, deadline=None, derandomize=True,
          phases=[Phase.explicit, Phase.reuse, Phase.generate])
@example(columns=["area", "rowid", "Tourists' nights"], names_to="year", values_to="value")
@given(
    columns=st.lists(TEXT, min_size=3, max_size=3, unique_by=str.casefold), names_to=NAME,
    values_to=NAME,
)
def test_names_of_unpivoted_columns_are_quoted(columns, names_to, values_to):
    area, one, other = columns
    rules = {
        "indicator": {"const": "ROOMS"}, "ref_area": area, "obs_value": values_to,
        "time_period": {"column": names_to, "map": {one: "2023", other: "2024"}},
    }
    try:
        found = observations(
            {area: ["01"], one: ["1"], other: ["2"]}, rules, dataset(),
            unpivot={"columns": [one, other], "names_to": names_to, "values_to": values_to},
        )
    except ReadError as error:
        assert "makes a column" in error.what  # two columns of one name
        return
    assert {item["time_period"]: item["obs_value"] for item in found} == {"2023": 1.0, "2024": 2.0}
    assert {item["_column"] for item in found} == {one, other}


@pytest.mark.parametrize("const", ["twelve", "1,5", "NaN", "1e999", "'", "1); DROP TABLE raw; --"])
def test_a_constant_that_is_no_number_is_refused(const):
    with pytest.raises((ValidationError, ReadError), match="is not a number"):
        observations(
            {"area": ["01"], "year": ["2024"]},
            {"indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
             "obs_value": {"const": const}}, dataset(),
        )


def test_a_constant_that_is_no_period_is_refused():
    with pytest.raises(ReadError, match="is no time period"):
        observations(
            {"area": ["01"], "value": ["1"]},
            {"indicator": {"const": "ROOMS"}, "ref_area": "area", "obs_value": "value",
             "time_period": {"const": "twelve"}}, dataset(),
        )


@pytest.mark.parametrize("scale", [float("inf"), float("nan")])
def test_a_scale_is_finite(scale):
    with pytest.raises(ValidationError, match="finite"):
        Source.model_validate(
            {"protocol": "files", "columns": {"obs_value": {"column": "value", "scale": scale}}}
        )


@pytest.mark.parametrize("name", ["_unmarked", "_MARK_NOTE", "_source_place"])
def test_a_column_with_a_name_of_cleanings_own_is_refused(name):
    with pytest.raises(ReadError, match="a name that cleaning uses itself"):
        observations(
            {"area": ["01"], "year": ["2024"], "value": ["1"], name: ["2"]},
            {"indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
             "obs_value": "value"}, dataset(),
        )


def test_a_value_column_that_holds_no_numbers_is_refused():
    with pytest.raises(ReadError, match="not a number"):
        observations(
            {"area": ["01"], "year": ["2024"], "day": pa.array([1], pa.date32())},
            {"indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
             "obs_value": "day"}, dataset(),
        )
