"""Texts with right figures and planted errors: what is said of each number."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from portal.mcp.quotes.check import CheckedNumber, QuoteChecker
from portal.mcp.quotes.numbers import numbers, periods
from portal.mcp.tools import Tools

TEXTS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).resolve().parent / "quotes.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def checker(tools: Tools) -> QuoteChecker:
    return QuoteChecker(tools.finder)


def figure(number: CheckedNumber) -> str | None:
    if not number.address:
        return None
    query = parse_qs(urlsplit(number.address).query)
    names = ("dataset", "indicator", "ref_area", "geo_vintage", "time_period")
    return " ".join(query[name][0] for name in names)


def test_the_set_has_errors_of_each_kind() -> None:
    statuses = [number["status"] for text in TEXTS for number in text["numbers"]]
    assert len(TEXTS) >= 40 and set(statuses) == {
        "supported", "revised", "other_unit", "other_territory", "differs", "not_ours"
    }
    assert sum(status != "supported" for status in statuses) >= 20


@pytest.mark.parametrize("entry", TEXTS, ids=range(len(TEXTS)))
def test_a_text_is_checked(checker: QuoteChecker, entry: dict[str, Any]) -> None:
    found = checker.check(entry["text"], "vi").numbers
    assert [
        {"number": each.text.strip(), "status": each.status, "figure": figure(each)}
        for each in found
    ] == [{"figure": None, **number} for number in entry["numbers"]]
    for each in found:
        assert entry["text"][each.start:each.end] == each.text
        assert each.status == "supported" or each.note


def test_what_is_said_before_holds_for_the_next_sentence(checker: QuoteChecker) -> None:
    text = "Số liệu của Đà Nẵng năm 2021. Tỷ lệ thất nghiệp là 8,06%. Năm 2022: thất nghiệp 2,42%."
    assert [each.status for each in checker.check(text, "vi").numbers] == ["supported"] * 2


def test_nothing_is_supported_that_is_named_by_halves(checker: QuoteChecker) -> None:
    for text in (
        "Tỷ lệ thất nghiệp năm 2021 là 8,06%.",  # where?
        "Tỷ lệ thất nghiệp của Đà Nẵng là 8,06%.",  # when?
        "Đà Nẵng năm 2021: 8,06%.",  # what?
    ):
        [number] = checker.check(text, "vi").numbers
        assert number.status == "not_ours" and number.note


def test_numbers_beyond_the_limit_are_counted(checker: QuoteChecker) -> None:
    found = checker.check("Đà Nẵng năm 2021: 1,5; 2,5; 3,5; 4,5.", "vi", limit=2)
    assert (len(found.numbers), found.unchecked, found.of) == (2, 2, 4)


@pytest.mark.parametrize(("text", "value", "step"), [
    ("đạt 8,7 triệu lượt", "8700000", "100000"),
    ("đạt 8.692.421 lượt", "8692421", "1"),
    ("đạt 151.307 tỷ đồng", "151307000000000", "1000000000"),
    ("thu được 40.238,2 tỷ đồng của năm", "40238200000000", "100000000"),
    ("đạt 1,2 nghìn tỷ đồng", "1200000000000", "100000000000"),
    ("giảm −7,8% so với", "-7.8", "0.1"),
    ("it reached 8,692,421 arrivals", "8692421", "1"),
    ("it reached 8.69 million arrivals", "8690000", "10000"),
    ("it was 1.5bn dollars", "1500000000", "100000000"),
    ("có 1 234 567 người được", "1234567", "1"),
    ("about 2000 people came", "2000", "1"),
])
def test_numbers_are_read_as_the_language_writes_them(text: str, value: str, step: str) -> None:
    [number] = numbers(text, periods(text))
    assert (number.value, number.step) == (Decimal(value), Decimal(step))


def test_numbers_side_by_side_share_scale_and_unit() -> None:
    text = "was 119.31 and 67.72 million dong"
    assert [(each.value, each.kind) for each in numbers(text, [])] == [
        (Decimal(119_310_000), "vnd"), (Decimal(67_720_000), "vnd"),
    ]


@pytest.mark.parametrize("text", [
    "năm 2019, giai đoạn 2015-2020", "ngày 01/7/2025", "Nghị quyết 202/2025/QH15", "mạng 5G",
    "giá so sánh 2010", "at constant 2010 prices", "tháng 3/2024", "Q1 2024", "9 tháng năm 2025",
    "doctors per 10,000 people",
])
def test_years_dates_and_laws_are_no_figures(text: str) -> None:
    assert numbers(text, periods(text)) == []
