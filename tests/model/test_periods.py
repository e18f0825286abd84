"""Time periods: what is read, what is refused, and that reading is stable."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reference.periods import frequency_of, parse_period, period_start


@pytest.mark.parametrize(
    ("text", "iso", "freq", "status"),
    [
        ("2023", "2023", "A", None),
        (" 2023 ", "2023", "A", None),
        ("Năm 2023", "2023", "A", None),
        ("2020 [YR2020]", "2020", "A", None),
        ("Prel. 2024", "2024", "A", "P"),
        ("Sơ bộ 2024", "2024", "A", "P"),
        ("2024 (Ước tính)", "2024", "A", "E"),
        ("Sơ bộ - Prel. 2002", "2002", "A", "P"),
        ("Sơ bộ tháng 3/2024", "2024-03", "M", "P"),
        ("Quý I/2024 (ước tính)", "2024-Q1", "Q", "E"),
        ("Ước tính 6 tháng đầu năm 2024", "2024-01-01/P6M", "YTD", "E"),
        ("6 tháng cuối năm 2024", "2024-S2", "S", None),
        ("2024 Quý I", "2024-Q1", "Q", None),  # the year above, in a header of two rows
        ("2024 Tháng 3", "2024-03", "M", None),
        ("2024 9 tháng", "2024-01-01/P9M", "YTD", None),
        ("Năm 2002 Tháng 1", "2002-01", "M", None),
        ("2002 Cả năm", "2002", "A", None),  # the row below the twelve months
        ("2016 Sep.", "2016-09", "M", None),
        ("March 2016", "2016-03", "M", None),
        ("Pre. 2016", "2016", "A", "P"),
        ("Est.2025", "2025", "A", "E"),
        ("Thực hiện năm 2022", "2022", "A", None),
        ("T3/2024", "2024-03", "M", None),
        ("Cả năm 2024", "2024", "A", None),
        ("2024p", "2024", "A", "P"),
        ("1960M01", "1960-01", "M", None),
        ("2024-M03", "2024-03", "M", None),
        ("2024-03", "2024-03", "M", None),
        ("Tháng 3/2024", "2024-03", "M", None),
        ("2000Q1", "2000-Q1", "Q", None),
        ("Quý II/2024", "2024-Q2", "Q", None),
        ("2024-S1", "2024-S1", "S", None),
        ("6 tháng/2000", "2000-01-01/P6M", "YTD", None),
        ("2024-02-29", "2024-02-29", "D", None),
    ],
)
def test_reads_what_sources_write(text, iso, freq, status):
    assert parse_period(text) == (iso, freq, status)


@pytest.mark.parametrize(
    ("text", "form", "iso"),
    [
        ("1/2/2013", "%d/%m/%Y", "2013-02-01"),
        ("1/2/2013", "%m/%d/%Y", "2013-01-02"),
        ("1/2/2013", "%m/%d/%Y:M", "2013-01"),
        ("2/2013", "%m/%Y", "2013-02"),
        ("5/8/2013", "%d/%m/%Y:Q", "2013-Q3"),
    ],
)
def test_dates_are_read_in_the_declared_order(text, form, iso):
    assert parse_period(text, form).iso == iso


@pytest.mark.parametrize(
    "text",
    ["1/2/2013", "13/2024", "Tháng 13/2024", "2024-13", "2023-02-29", "0000", "9999", "", "20 23",
     "2021-W53", "2024Q5", "Quý V/2024", "Sơ bộ - Est. 2024", "Quý I", "2024 13 tháng", "Sơ bộ",
     "n/a"],
)
def test_refuses_what_is_ambiguous_or_no_period(text):
    with pytest.raises(ValueError):
        parse_period(text)


@given(st.dates(date(1600, 1, 1), date(2200, 12, 31)))
def test_what_is_written_is_read_back(day):
    for iso in (
        f"{day:%Y}", f"{day:%Y-%m}", f"{day:%Y-%m-%d}",
        f"{day:%Y}-Q{(day.month + 2) // 3}", f"{day:%Y}-S{(day.month + 5) // 6}",
    ):
        period = parse_period(iso)
        assert period.iso == iso
        assert period.freq == frequency_of(iso)
        assert period_start(iso) <= day


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        period = parse_period(text)
    except ValueError as error:
        assert str(error)
    else:
        assert frequency_of(period.iso) == period.freq
