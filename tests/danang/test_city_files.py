"""The city's own files: every figure of the sample stands in the row that its note names."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import pandas as pd
import pytest

from tests.fixtures.datasets import real_files
from tests.pipelines.test_sample import SAMPLES

pytestmark = pytest.mark.corpus

FROM_CITY = {
    name: sample for name, sample in SAMPLES.items()
    if ".csv, " in sample.vintages[-1].facts[0].get("obs_note", "")
}
PRELIMINARY, ESTIMATED = "Sơ bộ", "Ước tính"
BEFORE_YEAR = f"(?:(?:Năm|{PRELIMINARY}|Thực hiện năm|{ESTIMATED} năm) )?"
OPEN = "3,295"  # three thousand or three: the file does not say


@cache
def table(name: str) -> pd.DataFrame:
    (path,) = (real_files().parent / "danang").rglob(name)
    frame = pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig", keep_default_na=False)
    frame.columns = [_text(column) for column in frame.columns]
    return frame.map(_text)


def _text(cell: object) -> str:
    return unicodedata.normalize("NFC", str(cell)).strip()


def cell(note: str, period: str) -> tuple[str, str]:
    """Return the cell that a note and a period name, and the heading of its column."""
    file, _, label = note.partition(", ")
    frame, year = table(file), period[:4]
    parts = label.split(": ")
    rows = frame[frame.apply(lambda row: {*parts} <= {*row}, axis=1)]
    wanted = {
        "2024-01-01/P9M": "Thực hiện cùng kỳ năm trước", "2025-01-01/P9M": "Thực hiện kỳ báo cáo",
    }.get(period)
    columns = [
        column for column in frame.columns if column == wanted or (
            re.match(rf"{BEFORE_YEAR}{year}\b", column)
            and not wanted and ("so với" not in column or "luong_mua" in file)
        )
    ]
    assert len(rows) == 1 and len(columns) == 1, (note, period, len(rows), columns)
    return rows[columns[0]].iloc[0], columns[0]


@pytest.mark.parametrize("name", FROM_CITY)
def test_every_figure_stands_where_its_note_says(name: str) -> None:
    for vintage in FROM_CITY[name].vintages:
        for fact in vintage.facts:
            value, heading = cell(fact["obs_note"], fact["time_period"])
            if value == OPEN:
                assert (fact["obs_value"], fact["obs_status"]) == ("", "O"), fact
                continue
            assert float(value.replace(",", ".")) == float(fact["obs_value"]), fact
            due = {PRELIMINARY: "P", ESTIMATED: "E"}
            assert fact["obs_status"] == next(
                (status for word, status in due.items() if heading.startswith(word)), "A"
            ), fact


def test_all_of_the_city_s_statistics_are_there() -> None:
    assert {*FROM_CITY} == {
        "agriculture/crops", "agriculture/crops_since_merger", "environment/city_environment",
        "environment/weather",
    }
