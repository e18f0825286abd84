"""Recognition of text files: encoding, delimiter, where the table stands, and known layouts."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from model.errors import ReadError
from sources.connectors.sdmx.csv_message import is_sdmx_csv
from sources.formats.csv_text import read_csv
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS, decoded
from sources.formats.tabular.tables import RawRow
from sources.inspect.files.encodings import encoding_of, vietnamese_share
from sources.inspect.files.hashtags import hashtag_row, hxl_table
from sources.inspect.finding import Found, Guess, NoTable, RecognisedTable
from sources.inspect.tables.cells import extent, filled, is_number, year_of
from sources.inspect.tables.grid import layouts_of
from sources.inspect.tables.placing import placed

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 256_000  # characters that the delimiter is found in
_ROWS = 300  # of the sample
_HEAD, _TAIL = 600, 60  # records that are looked at
_WORDS_OF_PROSE = 5
_DOTNET = re.compile(r"System(\.\w+)+[+\w]*")
_UIS = ("indicator_id", "country_id", "year", "value", "magnitude", "qualifier")


def text_file(path: Path, where: str, head: bytes) -> Found:
    """Describe what the text file at `path` holds, which begins with `head`; `where` is for errors.

    Raises:
        ReadError: no text, or a table that is not well formed.
    """
    if is_sdmx_csv(head):
        return RecognisedTable("sdmx", "sdmx csv")
    encoding = encoding_of(path)
    sample = _sample(path, where, encoding.value)
    delimiter = _delimiter_of(sample)
    if delimiter is None:
        _refuse_ragged(sample, where)
        return _prose(sample, encoding)
    records, tail = _records(path, where, encoding.value, delimiter.value)
    special = _known_layout(records, where)
    if special is not None:
        return special
    options: dict[str, Any]
    tag_row = hashtag_row(records)
    if tag_row is not None:
        options = {} if encoding.value == "utf-8" else {"encoding": encoding.value}
        options |= {} if delimiter.value == "," else {"delimiter": delimiter.value}
        return hxl_table("csv", tag_row, options)
    layouts = layouts_of(records, tail, is_sheet=False)
    if not layouts:
        raise ReadError(
            "has no row that could be a row of column names", where=where,
            todo="look at the file: is it a table?",
        )
    options = {"format": "tsv" if delimiter.value == "\t" else "csv"}
    if encoding.value != "utf-8":
        options["encoding"] = encoding.value
    if delimiter.value not in (",", "\t"):
        options["delimiter"] = delimiter.value
    placement, guesses = placed(layouts[0])
    return RecognisedTable(
        "files", "files csv", {**options, **placement}, (encoding, delimiter, *guesses),
        above=layouts[0].above, below=layouts[0].below,
    )


def _delimiter_of(sample: str) -> Guess | None:
    """Find the delimiter that splits the lines evenly, None where none does.

    Blank fields at the ends of lines count only where lines are even with them.
    """
    return _even_delimiter(sample, len) or _even_delimiter(sample, extent)


def _even_delimiter(sample: str, width_of: Callable[[Sequence[str]], int]) -> Guess | None:
    scores: list[tuple[float, int, int, str]] = []
    for delimiter in DELIMITERS:
        rows = _split(sample, delimiter)
        widths = Counter(width_of(row) for row in rows if any(cell.strip() for cell in row))
        wide = {width: count for width, count in widths.items() if width > 1}
        if wide:
            width = max(wide, key=lambda w: (wide[w], w))
            scores.append((wide[width] / sum(widths.values()), width, wide[width], delimiter))
    good = [each for each in scores if each[0] >= 0.6 and (each[2] > 2 or each[0] == 1)]
    if not good:
        return None
    share, width, count, delimiter = max(good, key=lambda each: (each[0] * each[1], each[0]))
    name = {"\t": "tab"}.get(delimiter, delimiter)
    return Guess(
        "delimiter", delimiter, "certain" if share >= 0.9 else "likely",
        f"{name!r} splits {count} of the first rows into {width} fields",
    )


def _refuse_ragged(sample: str, where: str) -> None:
    """Refuse lines of figures that a delimiter splits into unequal numbers of fields.

    Raises:
        ReadError: names how many fields they have.
    """
    for delimiter in DELIMITERS:
        rows = [row for row in _split(sample, delimiter) if filled(row)]
        of_figures = sum(any(map(is_number, row)) for row in rows if len(row) > 1)
        if len(rows) > 2 and of_figures > len(rows) / 2:
            widths = [extent(row) for row in rows]
            raise ReadError(
                f"has lines of {min(widths)} to {max(widths)} fields between {delimiter!r}: no"
                " number of fields is that of most lines", where=where,
                todo="complete the lines, quote texts that contain the delimiter, or ask the"
                " publisher for an even table",
            )


def _split(sample: str, delimiter: str) -> list[list[str]]:
    """Return the first rows; none where a field never ends, so that it is no delimiter."""
    try:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        return list(islice(reader, _ROWS))
    except csv.Error:
        return []


def _sample(path: Path, where: str, encoding: str) -> str:
    python = "latin-1" if encoding in VIETNAMESE_ENCODINGS else encoding
    python = "utf-8-sig" if python == "utf-8" else python
    with path.open(encoding=python, newline="") as file:
        try:
            text = file.read(_SAMPLE)
            return decoded(text, encoding) if encoding in VIETNAMESE_ENCODINGS else text
        except (UnicodeError, ValueError) as error:
            raise ReadError("is no text", where=where, todo="check what it is") from error


def _records(
    path: Path, where: str, encoding: str, delimiter: str
) -> tuple[list[RawRow], list[RawRow]]:
    source = read_csv(path, where, encoding=encoding, delimiter=delimiter)
    rows = (record for record in source if filled(record[1]))
    head = list(islice(rows, _HEAD))
    tail = deque(head[-_TAIL:], maxlen=_TAIL)
    tail.extend(rows)
    return head, list(tail)


def _prose(sample: str, encoding: Guess) -> Found:
    lines = [line for line in sample.splitlines() if line.strip()]
    words = sum(len(line.split()) for line in lines)
    share, count = vietnamese_share(sample)
    language = "Vietnamese prose" if share > 0.7 and count >= 5 else "prose"
    if lines and words / len(lines) >= _WORDS_OF_PROSE:
        return NoTable("text", f"not a table: {language} in {encoding.value}, {len(lines)} lines")
    return NoTable("text", f"not a table: {len(lines)} lines of text without a delimiter")


def _known_layout(records: Sequence[RawRow], where: str) -> Found | None:
    """Recognise layouts that have a connector of their own."""
    for number, cells in records[:25]:
        names = [" ".join(cell.split()).casefold() for cell in cells]
        years = any(map(year_of, names)) or any("[yr" in name for name in names)
        if years and {"country name", "country code"} <= set(names):
            why = f"row {number} has the columns of a World Bank download"
            return RecognisedTable("worldbank_bulk", "worldbank_bulk",
                         guesses=(Guess("protocol", "worldbank_bulk", "certain", why),))
        if any(map(_DOTNET.fullmatch, cells)):
            raise ReadError(
                "holds names of a program's classes (System.Collections…): a shell wrote the"
                " properties of an object instead of its records",
                where=f"{where}:{number}", todo="fetch it again and save the answer itself",
            )
    names = [" ".join(cell.split()) for cell in records[0][1]] if records else []
    if {"GHO", "Numeric"} <= set(names):
        return RecognisedTable("gho", "gho csv")
    if tuple(name.casefold() for name in names) == _UIS:
        return RecognisedTable("uis", "uis csv")
    return None
