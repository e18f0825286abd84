"""Whatever the arguments are, there is an answer or a refusal, never a crash."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.mcp.asking.periods import asked_period
from portal.mcp.asking.question import FigureQuery
from portal.mcp.quotes.check import QuoteChecker
from portal.mcp.tools import Tools

QUIET = settings(
    max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
WORDS = st.sampled_from([
    "GRDP", "dân số", "dan so trung binh", "tỷ lệ", "khách", "visitors", "share", "of", "số", "%",
    "1990", "2024", "tỷ đồng", "Đà Nẵng", "Huế", "cũ", "mới", "'", '"', "\x00", "\u202e", "*",
    "../..", "{}", "a" * 40,
])
TEXT = st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=6).map(" ".join))
PERIOD = st.one_of(TEXT, st.sampled_from([
    "2024", "latest", "2024-13", "0000", "9999", "2020-2010", "13 tháng 2024", "tháng 0/2024",
    "2024-W60", "2024-02-30", "first 99 months of 2024",
]))


@QUIET
@given(TEXT, TEXT, PERIOD, st.dictionaries(TEXT, TEXT, max_size=2), TEXT, TEXT, TEXT)
def test_a_query(
    tools: Tools, indicator: str, place: str, period: str, breakdown: dict[str, str], unit: str,
    borders: str, as_of: str,
) -> None:
    found = tools.query(FigureQuery(
        indicator, place, period, breakdown, unit=unit, borders=borders, as_of=as_of,
    ))
    assert (found.series is None) == (found.refusal is not None)


@QUIET
@given(TEXT, PERIOD)
def test_searches_and_periods(tools: Tools, query: str, period: str) -> None:
    assert tools.search(query).more >= 0
    with suppress(ValueError):
        asked_period(period)


@QUIET
@given(st.lists(st.one_of(WORDS, st.decimals(allow_nan=False, allow_infinity=False).map(str),
                          st.sampled_from([". ", ",", "1.2.3,4", "-", "tháng 99/2024", "1,23,4"])),
                max_size=12).map(" ".join))
def test_a_text(tools: Tools, text: str) -> None:
    checked = QuoteChecker(tools.finder).check(text, "vi")
    assert checked.of == len(checked.numbers) and not checked.unchecked
