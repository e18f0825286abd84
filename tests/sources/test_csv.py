"""CSV by blocks gives just what the strict reader gives, rows, lines and errors alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import ReadError
from sources.formats import csv_text
from sources.formats.csv_text import read_csv
from sources.formats.tabular.batches import Row, text_batches
from sources.formats.tabular.tables import TableExtent, as_table

Outcome = tuple[list[dict[str, Any]], str]


def strictly(path: Path, shape: TableExtent) -> Iterator[pa.RecordBatch]:
    records = read_csv(path, path.name, first_line=max(1, shape.header))
    table = as_table(records, shape, path.name)
    rows = (Row(path.name, *record) for record in table.rows)
    yield from text_batches(table.columns, rows)


def by_blocks(path: Path, shape: TableExtent) -> Iterator[pa.RecordBatch]:
    return csv_text.csv_batches(path, path.name, path.name, ",", shape)


def gathered(batches: Iterator[pa.RecordBatch]) -> Outcome:
    """Give the rows, or the error alone: how many rows came before it depends on the batches."""
    rows: list[dict[str, Any]] = []
    try:
        for batch in batches:
            rows += pa.Table.from_batches([batch]).to_pylist()
    except ReadError as error:
        return [], str(error)
    return rows, ""


PIECES = st.sampled_from(
    ["a", "b,", ",", '"', '""', '"x\ny"', '"x,y",', "\n", "\r\n", "\r", "đ", " ", "1,2\n",
     "3,4\r\n", '"5","6"\n', ",\n", "\0"]
)


@given(st.lists(PIECES, max_size=40), st.integers(8, 40), st.integers(0, 1))
@example(["1,2\n"] * 9 + ['"x\ny"', ","] + ["1,2\n"] * 3, 16, 0)
@example(["1,2\r\n"] * 9, 8, 1)
@settings(max_examples=200, deadline=None)
def test_blocks_and_the_strict_reader_agree(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], block: int, skip: int
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(("n,m\n" + "".join(pieces)).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "BLOCK_BYTES", block)
        shape = TableExtent(header=1, skip_rows=skip)
        assert gathered(by_blocks(path, shape)) == gathered(strictly(path, shape))


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("\ufeffa,b\n1,2\n", [("1", "2", 2)]),
        ('a,b\n"x\r\ny",1\n\n,\nz,2', [("x\r\ny", "1", 2), ("z", "2", 6)]),
        ('a,b\nx"y,1\n', [('x"y', "1", 2)]),  # a quote inside a plain field is text
        ('a,b\n"x""y",\n"",1\n', [('x"y', "", 2), ("", "1", 3)]),
        ("a,b\n", []),
    ],
)
def test_plain_files(tmp_path: Path, content: str, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    found, error = gathered(by_blocks(path, TableExtent()))
    assert (error, [(row["a"], row["b"], row["_row"]) for row in found]) == ("", rows)


def test_a_file_in_utf8_with_a_mark_and_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeff1,2\n".encode())
    found, _ = gathered(by_blocks(path, TableExtent(header=0, names=("a", "b"))))
    assert found == [{"a": "1", "b": "2", "_part": "a.csv", "_row": 1}]
