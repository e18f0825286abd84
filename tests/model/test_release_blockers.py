"""Why a release is stopped, and why a row is held back, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract

from model.declarations.source import ColumnRule
from model.records.reject_reasons import in_words as reason_in_words
from model.records.release_blockers import PERSONAL, describe, finding, in_words
from model.records.source_schema import Drift
from model.records.validation import BlockingCheck, QualityRecord, ReleaseBlocker, SourcePlace
from model.reference.personal_data import kind_of, kinds_of, masked_record
from model.reference.registries import load_registries
from model.util.languages import LOCALES, catalogue_of
from model.util.text import LocalizedText
from tests.fixtures.commands import PROJECT
from tests.fixtures.datasets import dataset
from tests.fixtures.releases import check
from warehouse.cleaning.code_mapping import reader_for

MODEL = Path(__file__).resolve().parents[2] / "model"
NAME = "health/beds"
BOUNDS = BlockingCheck(
    name="within_bounds", expectation="expect_column_values_to_be_between", unexpected=7,
    title=LocalizedText(vi="Giá trị nằm trong giới hạn.", en="The value lies within its bounds."),
)
DRIFT = Drift(
    kind="column", stops=True, what=LocalizedText(vi="cột `a` không còn", en="column `a` is gone"),
    todo=LocalizedText(vi="sửa `columns`", en="fix `columns`"),
)
STOPS = {
    "empty": ReleaseBlocker(kind="empty"),
    "all_quarantined": ReleaseBlocker(kind="all_quarantined", rows=2, quarantined=2, unread=2),
    "over_tolerance": ReleaseBlocker(
        kind="over_tolerance", rows=1600, quarantined=8, unread=1, tolerance=0.001,
        checks=(BOUNDS,),
        first=SourcePlace(part="a.csv", row=12, column="value"),
    ),
    "table": ReleaseBlocker(kind="table", checks=(BOUNDS.model_copy(update={"observed": "60"}),)),
    "unsettled": ReleaseBlocker(kind="unsettled", checks=(BOUNDS,)),
    "check_error": ReleaseBlocker(
        kind="check_error", checks=(BOUNDS.model_copy(update={"error": "no"}),)
    ),
    "disclosure_unknown": ReleaseBlocker(kind="disclosure_unknown", error="it cannot be told"),
    "source_schema": ReleaseBlocker(kind="source_schema", drift=(DRIFT,)),
    "unreadable": ReleaseBlocker(
        kind="unreadable", error="is no table", where="a.csv:3", todo="ask for it"
    ),
}
SAID = {
    "all_quarantined": "none of the 2 rows can be released: 2 rows that could not be read",
    "over_tolerance": "8 of 1,600 rows are quarantined (0.50%), more than the tolerance of 0.10%:"
    " 7 rows against “The value lies within its bounds” (within_bounds); 1 row that could not be"
    " read; the first: a.csv, line 12",
    "table": "the table as a whole fails “The value lies within its bounds” (within_bounds),"
    " found: 60",
    "source_schema": "the source has another schema than the one released last: column `a` is gone",
    "unreadable": "no table could be made of what the source serves: a.csv:3: is no table",
}


@pytest.mark.parametrize("kind", STOPS)
def test_a_reason_is_separate_from_what_to_do(kind):
    said = describe(STOPS[kind], NAME, names=True)
    assert said.what.get("en") == SAID.get(kind, said.what.get("en"))
    assert (
        said.todo.get("en")
        and said.todo.get("vi")
        and said.todo.get("en") not in said.what.get("en")
    )


@pytest.mark.parametrize("kind", [*STOPS])
def test_pages_name_no_check_by_its_internal_name(kind):
    text = in_words((STOPS[kind],), NAME)
    assert "within_bounds" not in text.get("vi") + text.get("en")
    assert "The value lies" not in text.get("vi")  # the Vietnamese has the check's Vietnamese title


def test_vietnamese_figures_are_written_as_in_vietnam():
    assert describe(STOPS["over_tolerance"], NAME).what.get("vi").startswith(
        "8 trên 1.600 dòng (0,50%) bị giữ lại, vượt mức cho phép 0,10%: 7 dòng không đạt"
    )


def test_too_many_rows_are_listed_by_a_command():
    assert f"`openindicators quarantine {NAME}`" in describe(
        STOPS["over_tolerance"], NAME
    ).todo.get("vi")


def test_personal_data_are_to_be_removed_where_they_stand():
    found = BOUNDS.model_copy(update={
        "expectation": PERSONAL, "places": (SourcePlace(part="a.csv", row=5, column="obs_note"),),
    })
    said = describe(ReleaseBlocker(kind="table", checks=(found,)), NAME)
    assert said.what.get("en").endswith("at a.csv, line 5 (`obs_note`)")
    assert "at the source" in said.todo.get("en") and "last release" not in said.todo.get("en")


def test_what_a_source_says_cannot_break_a_sentence():
    hostile = ReleaseBlocker(
        kind="unreadable", error="\x00\u202e`x`", where="\x1b[31m", todo="\x07"
    )
    assert "\ufffd" in in_words((hostile,), NAME).get("en")  # and it is a text that may be shown
    personal = ReleaseBlocker(
        kind="unreadable", error="'gọi 0905123456' is no number", where="a.csv:3"
    )
    assert "0905123456" not in in_words((personal,), NAME).get("en")


def test_a_check_on_the_table_says_what_was_expected_and_found():
    table = {"outcome": "failed", "level": "table", "evaluated": 60}
    observed = finding(check("rows", **table, unexpected=0, observed=60))
    assert observed.get("en") == "expected: There is at least one row; found: 60"
    assert "thực tế: 60" in observed.get("vi") and "0 of" not in observed.get("en")
    rows = ({"observed": 60, "expected": 160},)
    last = finding(check("last", **table, unexpected=1, samples=rows))
    assert last.get("en") == "found 60, expected 160"
    broken = check("bad", outcome="failed", level="row", evaluated=1, unexpected=1)
    assert finding(broken).get("en") == "1 of 1 rows do not fulfil it"


def test_where_small_counts_stop_a_release_no_reason_shows_what_was_found():
    small = check("small", outcome="failed", expectation="expect_small_cells_to_be_withheld")
    told_too_much = BOUNDS.model_copy(update={"observed": "3", "expected": "4"})
    stop = ReleaseBlocker(kind="table", checks=(told_too_much,))
    record = QualityRecord(
        dataset=NAME, suite_sha256="", versions={}, rows_read=1, rows_released=1,
        rows_quarantined=0, tolerance=0, checks=(small,), blockers=(stop,),
    )
    [shown] = masked_record(record).blockers
    assert (shown.checks[0].observed, shown.checks[0].expected) == (None, None)
    assert shown.checks[0].name == BOUNDS.name
    assert masked_record(record.model_copy(update={"blockers": None})).blockers is None


@pytest.mark.parametrize(("text", "vi"), [
    ("within_bounds: The value lies within its bounds.", BOUNDS.title.get("vi")),
    ('[{"code":"empty","concept":"ref_area"}]', "thiếu ref_area"),
    ('[{"code":"not_a_number","text":"1,5","locale":"English (1,234.5)"},'
     '{"code":"period","text":"2023-13","detail":"\'2023-13\' is no period"}]',
     "giá trị '1,5' không phải là số theo cách viết đã khai báo;"
     " không đọc được kỳ thời gian '2023-13'"),
    ('[{"code":"not_in_codelist","concept":"ref_area","text":"Hải Dươngg",'
     '"codelist":"vn_province_2008","near":"hai duong"}]',
     "ref_area: 'Hải Dươngg' không có trong danh mục mã vn_province_2008 (gần với 'hai duong')"),
    ("a sentence that is not ours", "a sentence that is not ours"),
    ('[{"code":"of a later version"}]', '[{"code":"of a later version"}]'),
])
def test_a_reason_has_words_in_both_languages(text, vi):
    assert reason_in_words(text, {"within_bounds": BOUNDS.title}).get("vi") == vi


def test_the_reader_of_cells_gives_reasons_with_words():
    registries = load_registries(PROJECT)
    read = {
        concept: reader_for(concept, ColumnRule(column="x"), dataset(), registries)
        for concept in ("ref_area", "obs_status", "time_period", "indicator")
    }
    for concept, text in (
        ("ref_area", "Hải Dươngg"), ("obs_status", "?"), ("time_period", "2023-13"),
        ("time_period", "0001"), ("indicator", ""),
    ):
        reasons = read[concept](text).reject
        assert reasons and all(each.words.get("vi") != each.words.get("en") for each in reasons)
        stored = f"[{','.join(each.as_json() for each in reasons)}]"
        assert reason_in_words(stored, {}).get("en") == "; ".join(
            each.words.get("en") for each in reasons
        )


def test_every_kind_of_personal_data_is_named_once():
    note = "CCCD 048093001234, ĐT 0905123456"
    assert [*kinds_of(note)] == ["CCCD", "phone"] and kind_of(note) == "CCCD"
    assert [*kinds_of("số liệu 2023")] == []


def test_every_sentence_is_in_the_catalogue_and_no_translation_is_left_over():
    found = set()
    packages = (MODEL.parent / name for name in ("model", "warehouse", "expectations"))
    for path in (path for package in packages for path in package.rglob("*.py")):
        with path.open("rb") as file:
            found |= {message for _, message, *_ in extract("python", file)}
    catalogue = catalogue_of(LOCALES, "vi")
    assert catalogue is not None
    said = {message.id: message.string for message in catalogue if message.id}
    assert said.keys() == found
    for english, vietnamese in said.items():
        ours, theirs = (set(re.findall(r"{(\w+)}", text)) for text in (vietnamese, english))
        # How Python words a period that it cannot read, and the name of a notation, are English.
        assert ours == theirs - {"detail", "locale"}, english
