"""Source schemas and how they differ: what is reported, what blocks, what is no change."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.declarations.source import ColumnRule, Source
from model.records.unread import UnreadContent
from model.util.text import LocalizedText
from tests.fixtures.datasets import dataset
from warehouse.cleaning import schema_inspection
from warehouse.cleaning.drift.codes import code_drift
from warehouse.cleaning.drift.columns import table_drift

RULES = {
    "indicator": ColumnRule(const="ROOMS"), "ref_area": ColumnRule(column="area"),
    "time_period": ColumnRule(column="year"), "obs_value": ColumnRule(column="value"),
}
TABLE = {
    "area": ["48", "01", "79"], "year": ["2021", "2022", "2023"], "value": ["1", "2.5", ".."],
    "unit": ["m2", "m2", "m2"], "note": ["x", "y", "z"],
}


def source(**changes) -> Source:
    return Source.model_validate({"protocol": "files", **changes})


def source_schema(columns, declared=None, rules=RULES, sql=None):
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("incoming", pa.table(columns))
        con.execute("CREATE TABLE raw AS SELECT * FROM incoming")
        return schema_inspection.observed_schema(con, declared or source(), rules, sql)


def found(before, after, declared=None, rules=RULES, sql=None):
    shaped = [source_schema(columns, declared, rules, sql) for columns in (before, after)]
    return [
        (item.kind, item.stops, item.what.get("en"))
        for item in table_drift(*shaped, declared or source(), rules, sql)
    ]


def without(*names):
    return {name: cells for name, cells in TABLE.items() if name not in names}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2.5", "1.234,5", "12%", "3*", "(4)"], "number as text"),
        (["1", "một"], "mixed"), (["a", "b"], "text"), (["", "..", None], "empty"),
        (["2024-01-31", "31/12/2024"], "date"), ([1, 2], "number"), ([1.5, None], "number"),
        ([True, False], "other"),
    ],
)
def test_the_kind_of_a_column(cells, kind):
    assert source_schema({"c": pa.array(cells)}).columns["c"].kind == kind


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("2024", True), ("Sơ bộ 2024", True), ("Quý I/2024", True), ("2024 [YR2024]", True),
     ("year", False), ("Total 2024", False)],
)
def test_columns_named_by_a_period_are_not_part_of_a_shape(name, is_one):
    assert (name not in source_schema({**TABLE, name: ["1", "2", "3"]}).columns) is is_one


def test_periods_within_the_names_of_wide_columns():
    groups = source(unpivot={"matching": r"(?P<year>\d{4}) (?P<sex>.+)"})
    parts = source(unpivot={"matching": ".*/.*", "names_to": ["sex", "month"], "separator": "/"})
    dated = {**RULES, "time_period": ColumnRule(column="month", format="%b-%y")}
    for declared, rules, old, new in (
        (groups, RULES, "2023 male", "2024 male"), (parts, dated, "male/Jan-24", "male/Feb-24"),
    ):
        before, after = ({**TABLE, name: ["1", "2", "3"]} for name in (old, new))
        assert found(before, after, declared, rules) == []


def test_each_change_says_whether_it_blocks():
    assert found(TABLE, without("note")) == [("column", False, "column `note` is gone")]
    assert found(TABLE, without("value")) == [("column", True, "column `value` is gone")]
    assert found(without("note"), TABLE) == [("column", False, "new column `note`")]
    assert found(TABLE, {**TABLE, "value": [1.0, 2.5, None]}) == [
        ("type", True, "column `value` was number as text, is now number"),
    ]
    assert found(TABLE, {**TABLE, "note": ["1", "2", "3"]}) == [
        ("type", False, "column `note` was text, is now number as text"),
    ]
    assert found(TABLE, {**TABLE, "unit": ["km2"] * 3}) == [
        ("unit", True, "the unit (`unit`) was `m2`, is now `km2`"),
    ]


def test_what_blocks_comes_first():
    after = {**without("note", "value"), "unit": ["km2"] * 3}
    assert [stops for _, stops, _ in found(TABLE, after)] == [True, True, False]


def test_a_renamed_column_is_known_by_its_name_or_by_its_values():
    for name in ("values", "wholly other"):
        after = {**without("value"), name: TABLE["value"]}
        assert found(TABLE, after) == [
            ("column", True, f"column `value` is gone; nearest new column: `{name}`"
             " (2 of 2 sampled values are the same)"),
        ]  # fmt: skip
    assert found(TABLE, {**without("value"), "other": ["a", "b", "c"]}) == [
        ("column", True, "column `value` is gone"), ("column", False, "new column `other`"),
    ]


def test_a_text_becoming_a_period_is_no_change_of_type():
    assert found(TABLE, {**TABLE, "year": ["Sơ bộ 2024", "Sơ bộ 2025", "Sơ bộ 2026"]}) == []


def test_columns_that_the_sql_or_unpivot_reads_are_relied_on():
    assert found(TABLE, without("note"), sql="SELECT Note FROM raw")[0][1]
    wide = source(unpivot={"matching": "note|urban", "names_to": "kind"})
    assert found(TABLE, without("note"), wide)[0][1]
    assert found(TABLE, {**TABLE, "urban": ["1", "2", "3"]}, wide) == []  # reported as a code


def test_only_the_declared_rows_units_count():
    declared = source(where={"note": ["x", "y"]})
    assert found(TABLE, {**TABLE, "unit": ["m2", "m2", "km2"]}, declared) == []
    assert found(TABLE, {**TABLE, "unit": ["km2", "m2", "m2"]}, declared)


def test_where_the_source_lies_is_not_how_it_is_read():
    one, other = ({"files": ["2024.csv"]}, {"files": ["2025.csv"]})
    same = {source_schema(TABLE, source(options=options)).read_by for options in (one, other)}
    assert len(same) == 1
    assert source_schema(TABLE, source(options={"header": 2})).read_by not in same
    assert source_schema(TABLE, source(checked="2026-01-01")).read_by not in same
    assert source_schema(TABLE, source(allow={"new_codes": ["ref_area"]})).read_by in same


def test_a_sources_names_cannot_break_out_of_the_sentence():
    name = "`; \x1b[31mred\u202e" + "x" * 100
    ((_, _, words),) = found(TABLE, {**TABLE, name: ["1", "2", "3"]})
    assert words.isprintable() and words.count("`") == 2 and len(words) < 90


def codes(before, after, **changes):
    with_codes = [source_schema(TABLE).model_copy(update={"codes": {"ref_area": it}})
                  for it in (before, after)]
    changes_found = code_drift(*with_codes, dataset(), source(**changes))
    return [(item.stops, item.what.get("en")) for item in changes_found]


def test_codes():
    old = {"Đà Nẵng": "48", "Quảng Nam": "49", "Trên biển": None}
    assert codes(old, old) == []
    assert codes(old, {**old, "Đà nẵng": "48"}) == []  # another spelling of a known one
    assert codes(old, {**old, "Hà Nội": "01"}) == [(False, "new `ref_area`: `01`")]
    assert codes(old, {**old, "Sao Hỏa": None}) == [(True, "unknown `ref_area`: `Sao Hỏa`")]
    assert codes(old, {**old, "Sao Hỏa": None}, allow={"new_codes": ["ref_area"]}) == [
        (False, "unknown `ref_area`: `Sao Hỏa`"),
    ]
    assert codes({"Sao Hỏa": "99"}, {"Sao Hỏa": None})[0] == (
        True, "unknown `ref_area`: `Sao Hỏa`",  # the codelist has lost it
    )
    many = {f"x{number}": None for number in range(9)}
    assert codes(old, {**old, **many})[0][1].endswith("`x4` and 4 more")


TEXTS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x1EF9), max_size=4)
CELLS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8)


@settings(max_examples=20, deadline=None)
@given(CELLS, st.randoms(use_true_random=False))
def test_the_order_of_columns_and_rows_and_new_periods_are_no_drift(rows, random):
    names = ["area", "value", "note"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns["year"] = [str(2000 + number) for number in range(len(rows))]
    before = {**columns, "unit": ["m2"] * len(rows)}
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = random.sample(list(before), len(before))
    after = {name: [before[name][place] for place in order] for name in shuffled}
    assert source_schema(before) == source_schema(after)
    later = {name: cells * 2 for name, cells in after.items()}
    later["year"] = [str(1990 + number) for number in range(2 * len(rows))]
    later["2031"] = later["area"]
    assert found(before, later) == []


@pytest.mark.parametrize(("before", "after", "stops"), [
    (["Lượt khách", "Đơn vị: Nghìn lượt"], ["Lượt khách", "Đơn vị: Triệu lượt"], True),
    (["Thu ngân sách, triệu đồng"], ["Thu ngân sách, tỷ đồng"], True),
    (["Exports", "Unit: USD"], ["Exports", "Unit: EUR"], True),
    (["Exports (thousand USD)"], ["Exports (million USD)"], True),
    (["Lượt khách du lịch"], ["Lượt khách du lịch", "Đơn vị tính: Nghìn lượt"], True),
    (["Thu năm 2023, tỷ đồng"], ["Thu ngân sách năm 2024, tỷ đồng"], False),
    (["Hộ nghèo"], ["Tỷ lệ hộ nghèo"], False),
    (["Đơn vị tính: Tỷ đồng", "Thu"], ["Đơn vị tính : tỷ đồng", "Thu"], False),
])
def test_another_unit_in_the_text_above_a_table_blocks(before, after, stops):
    shaped = [
        source_schema(TABLE).model_copy(update={"unread": tuple(
            UnreadContent(kind="title", part="", what=LocalizedText(vi=text, en=text))
            for text in texts)})
        for texts in (before, after)
    ]
    changes = table_drift(*shaped, source(), RULES, None)
    assert [(each.kind, each.stops) for each in changes] == [("title", stops)]
