"""Marks, scales and names of two levels: what they become in the observation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model.declarations.source import ColumnRule, FlagRule, Unpivot
from model.errors import ReadError
from tests.warehouse.test_clean import cleaned, row
from warehouse.cleaning.observation_flags import unmarked

P = FlagRule(status="P")


@pytest.mark.parametrize(
    ("text", "mark", "rest"),
    [
        ("1.234(*)", "(*)", "1.234"), ("12,5¹⁾", "¹⁾", "12,5"), ("35 p", "p", "35"),
        ("35p", "p", "35"), ("p 35", "p", "35"), ("Prel. 2024", "Prel.", "2024"),
        ("Singapore1)", "1)", "Singapore"), ("Sơ bộ 2024", "Sơ bộ", "2024"), ("|7", "|", "7"),
    ],
)
def test_a_mark_at_either_end(text, mark, rest):
    assert unmarked(text, {mark: P}) == (rest, "P", None, None)


@pytest.mark.parametrize(
    ("text", "mark"), [("map", "p"), ("122)", "2)"), ("Italia", "a"), ("prel", "p"), ("a*b", "*")]
)
def test_what_runs_on_is_no_mark(text, mark):
    assert unmarked(text, {mark: P}) == (text, None, None, None)


def test_several_marks_the_longest_first():
    marks = {
        "*": FlagRule(note="one"), "**": FlagRule(note="two"), "r": FlagRule(note="revised"),
        "e": FlagRule(status="E"), "%": FlagRule(),
    }
    assert unmarked("5 % ** r e", marks) == ("5", "E", "two; revised", None)


@pytest.mark.parametrize("mark", ["", "-", "1", "1.", " ", "+,"])
def test_a_mark_like_a_number_is_refused(mark):
    with pytest.raises(ValidationError, match="cannot be told from the digits"):
        ColumnRule(column="value", marks={mark: FlagRule()})
    with pytest.raises(ValidationError, match="cannot be told from the digits"):
        ColumnRule(column="value", scale_words={mark: 2})


@given(
    number=st.decimals(-10**9, 10**9, places=2, allow_nan=False),
    mark=st.sampled_from(["*", "(1)", "p", "¹⁾", "†", "Sơ bộ"]),
    blank=st.sampled_from(["", " "]), first=st.booleans(),
)
def test_a_marked_number_is_the_number(number, mark, blank, first):
    text = f"{mark}{blank}{number}" if first else f"{number}{blank}{mark}"
    assert unmarked(text, {mark: P}).text == str(number)


def valued(*rows, **rule):
    found, stats = cleaned(list(rows), columns={"obs_value": {"column": "value", **rule}})
    return [(r["obs_value"], r["obs_status"], r["obs_note"]) for r in found], found, stats


def test_marks_on_values_become_status_and_note():
    values, found, _ = valued(
        row(year="2020", value="1.234(*)"), row(year="2021", value="12,5 r"),
        row(year="2022", value="7"), row(year="2023", value="5¹⁾ x"),
        locale="vi", marks={"(*)": "P", "r": {"note": "Revised"}, "¹⁾": {"note": "Part"}},
    )
    assert values == [
        (1234, "P", None), (12.5, "A", "Revised"), (7, "A", None), (None, "O", None)
    ]
    assert "is not a number" in found[3]["_reject"]
    assert '"value":"5¹⁾ x"' in found[3]["_original"]  # what the source said
    assert found[0]["_column"] == "value"


def test_a_missing_value_with_a_mark_is_missing():
    values, _, stats = valued(
        row(year="2020", value="...(*)"), row(year="2021", value="1"), marks={"(*)": "P"}
    )
    assert (values, stats.empty) == ([(1, "A", None)], 1)


def test_marks_of_period_and_area_hold_for_the_value():
    columns = {
        "time_period": {"column": "year", "marks": {"(*)": {"status": "P", "note": "Early"}}},
        "ref_area": {"column": "area", "marks": {"1)": {"status": "B", "note": "New border"}}},
        "obs_value": {"column": "value", "marks": {"e": "E"}},
    }
    found, _ = cleaned(
        [
            row(area="Đà Nẵng1)", year="2024(*)", value="5"),
            row(area="Đà Nẵng1)", year="2023", value="5"),
            row(year="2022(*)", value="5e"),
        ],
        columns=columns,
    )
    seen = {r["time_period"]: (r["obs_status"], r["obs_note"]) for r in found}
    assert seen == {
        "2024": ("P", "Early; New border"), "2023": ("B", "New border"), "2022": ("E", "Early"),
    }


def test_words_of_scale():
    values, _, _ = valued(
        row(year="2020", value="12,5 triệu"), row(year="2021", value="3 Nghìn (*)"),
        row(year="2022", value="1.000"), row(year="2023", value="2 tỉ"),
        locale="vi", marks={"(*)": "P"}, scale_words={"nghìn": 1e3, "triệu": 1e6, "tỷ": 1e9},
    )
    assert values == [(12.5e6, "A", None), (3000, "P", None), (1000, "A", None), (None, "O", None)]


def test_a_scale_of_another_column():
    rows = [
        row(year="2020", value="0.1", unit="Billions"), row(year="2021", value="2", unit=" Units "),
        row(year="2022", value="3", unit="Dozens"), row(year="2023", value="3", unit=""),
    ]
    scale = {"column": "unit", "map": {"Billions": 1e9, "Units": 1}}
    values, found, _ = valued(*rows, scale_by=scale)
    assert [v for v, _, _ in values] == [1e8, 2, None, None]
    assert found[2]["_reject"] == "scale 'Dozens' is none of Billions, Units"
    with pytest.raises(ReadError, match=r"'scale' \(for `scale_by`\) is not in"):
        valued(row(), scale_by={"column": "scale", "map": {"x": 1}})


def wide(names, **unpivot):
    found, _ = cleaned(
        [{"area": "48", **dict.fromkeys(names, "1")}],
        columns={"time_period": "year", "obs_note": "sex"}, unpivot=unpivot,
    )
    return [(r["time_period"], r["obs_note"], r["_column"]) for r in found]


def test_names_of_two_levels():
    names = ["2023|Nam", "2023|Nữ", "Sơ bộ 2024|Nam"]
    expected = [
        ("2023", "Nam", "2023|Nam"), ("2023", "Nữ", "2023|Nữ"), ("2024", "Nam", "Sơ bộ 2024|Nam")
    ]
    assert wide(names, matching=r"(?P<year>.+)\|(?P<sex>.+)") == expected
    split = {"names_to": ["year", "sex"], "separator": "|"}
    assert wide(names, columns=names, **split) == expected
    with pytest.raises(ReadError, match="'2025' has 1 parts between '|'"):
        wide([*names, "2025"], columns=[*names, "2025"], **split)


@pytest.mark.parametrize(
    "declared",
    [
        {"columns": ["a"], "names_to": ["year", "sex"]}, {"columns": ["a"], "separator": "|"},
        {"matching": "(?P<year>x)", "names_to": "year"}, {"matching": "("},
    ],
)
def test_an_unpivot_that_contradicts_itself(declared):
    with pytest.raises(ValidationError):
        Unpivot.model_validate(declared)


@pytest.mark.parametrize(("locale", "text"), [("vi", "0.125"), ("en", "0,125"), ("vi", "1.2340")])
def test_no_group_of_thousands_begins_with_zero(locale, text):
    _, found, _ = valued(row(value=text), locale=locale)
    assert "is not a number" in found[0]["_reject"]
