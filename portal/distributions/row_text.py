"""Rows of a release as text of a format, made by DuckDB: one SQL expression for each line.

Belongs here: how a cell is written in CSV, JSON and the XML of a workbook. `csv_text` has the same
rules for the small tables that are made in Python, and the reasons for them. One `concat` of all
cells costs a quarter of as many `||`, and a column of `PLAIN` texts a fifth of one that must be
looked at row by row.
"""

import json
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pyarrow as pa

from model.util.sql import identifier, literal
from portal.distributions.csv_text import FORMULA_START, NUMBER

Columns = Mapping[str, bool]  # of a table: name -> whether it holds numbers
_NONE: Mapping[str, str | None] = {}

# A text that CSV and JSON write as it is: what most codes and all periods are.
PLAIN = r"[\pL\pN_][\pL\pN._:/-]*"
_CONTROLS = "[\\x00-\\x08\\x0b-\\x1f\\x{fffe}\\x{ffff}]"


def _number(value: str, missing: str) -> str:
    """Return a number in full, without an exponent; DuckDB's own text is that of Python's `repr`.

    `1.5e+20` has its digits moved to the right, `-2.5e-07` to the left.
    """
    text = f"CAST({value} AS VARCHAR)"
    digits = f"replace(ltrim(split_part({text}, 'e', 1), '-'), '.', '')"
    power = f"CAST(split_part({text}, 'e', 2) AS INTEGER)"
    return (
        f"CASE WHEN {value} IS NULL THEN {literal(missing)}"
        f" WHEN abs({value}) < 1e15 AND {value} = floor({value})"
        f" THEN CAST(CAST({value} AS BIGINT) AS VARCHAR)"
        f" WHEN abs({value}) BETWEEN 0.001 AND 999999999999999 THEN {text}"  # most: has no exponent
        f" WHEN NOT contains({text}, 'e') THEN CASE WHEN abs({value}) < 1e15 THEN {text}"
        f" ELSE regexp_replace({text}, '\\.0$', '') END"
        f" ELSE CASE WHEN {value} < 0 THEN '-' ELSE '' END || CASE WHEN {power} > 0"
        f" THEN rpad({digits}, {power} + 1, '0')"
        f" ELSE '0.' || repeat('0', -{power} - 1) || {digits} END END"
    )


def csv_line(
    columns: Columns, plain: Collection[str] = (), same: Mapping[str, str | None] = _NONE
) -> str:
    """Return the expression of a line of CSV with its end, for a table with these `columns`.

    `plain` are those whose texts all match `PLAIN`, `same` the one text of those that never differ.
    """
    parts = []
    for place, (name, number) in enumerate(columns.items()):
        parts.append(literal("," if place else ""))
        if name in plain and name in same:
            parts.append(literal(same[name] or ""))
        elif number:
            parts.append(_number(identifier(name), ""))
        else:
            parts.append(f"coalesce({identifier(name)}, '')" if name in plain else _csv_text(name))
    return f"concat({_merged(parts)}, chr(13), chr(10))"


def _merged(parts: Iterable[str]) -> str:
    """Return the arguments of `concat`, literals that follow each other as one.

    DuckDB appends each argument to each row: constants are half of the time of a line.
    """
    found: list[str] = []
    for part in parts:
        if found and _is_literal(part) and _is_literal(found[-1]):
            found[-1] = found[-1][:-1] + part[1:]
        else:
            found.append(part)
    return ", ".join(found)


def _is_literal(part: str) -> bool:
    return part == literal(part[1:-1].replace("''", "'"))


def _csv_text(name: str) -> str:
    text = f"coalesce({identifier(name)}, '')"
    harmless = (
        f"CASE WHEN regexp_matches({text}, {literal(f'^{FORMULA_START}')})"
        f" AND NOT regexp_full_match({text}, {literal(NUMBER)}) THEN '''' || {text}"
        f" ELSE {text} END"
    )
    return (
        f"CASE WHEN regexp_matches({text}, '[,\"\\r\\n]')"
        f" THEN '\"' || replace({harmless}, '\"', '\"\"') || '\"' ELSE {harmless} END"
    )


def plain_line(
    begin: str, columns: Iterable[str], same: Mapping[str, str | None] = _NONE
) -> str:
    """Return the expression of a line of CSV as DuckDB's COPY writes it, after the text `begin`.

    All texts of the `columns` match `PLAIN`; `same` is as in `csv_line`.
    """
    parts = [literal(begin)]
    for place, name in enumerate(columns):
        parts.append(literal("," if place else ""))
        if name in same:
            parts.append(literal(same[name] or ""))
        else:
            parts.append(f"coalesce(CAST({identifier(name)} AS VARCHAR), '')")
    return f"concat({_merged(parts)}, chr(10))"


def json_line(
    columns: Columns, plain: Collection[str] = (), same: Mapping[str, str | None] = _NONE
) -> str:
    """Return the expression of a JSON object, for a table with these `columns`.

    `plain` and `same` are as in `csv_line`.
    """
    parts = []
    for place, (name, number) in enumerate(columns.items()):
        value = identifier(name)
        parts.append(literal(f'{", " if place else "{"}{json.dumps(name)}: '))
        if name in plain and name in same:
            text = same[name]
            parts.append(literal("null" if text is None else f'"{text}"'))
        elif number:
            parts.append(_number(value, "null"))
        else:
            text = f"'\"' || {value} || '\"'" if name in plain else f"to_json({value})::VARCHAR"
            parts.append(f"coalesce({text}, 'null')")
    return f"concat({_merged([*parts, literal('}')])})"


def joined(lines: pa.StringArray) -> memoryview:
    """Return the texts of an array without nulls one after another, as they lie in its memory."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[ends[0] : ends[-1]] if len(lines) and data else memoryview(b"")


def xlsx_row(
    columns: Columns, known: Mapping[str, str], beside: Mapping[str, str], style: str, longest: int
) -> str:
    """Return the expression of a row of a sheet's XML, for a table with these `columns`.

    `known` has, by column, the expression of a cell, `beside` that of whole cells right after a
    column's own; null is an empty cell. `style` is the expression of the cell format of figures.
    Text of more characters than `longest` is cut to that length, with an ellipsis. Neither row nor
    cells say where they are, which halves the file: they stand in their order (ECMA-376, 18.3.1.4
    and 18.3.1.73).
    """
    cells = ["'<row>'"]
    for name, is_number in columns.items():
        value = identifier(name)
        if name in known:
            cell = known[name]
        elif is_number:
            cell = f"'<c s=\"' || ({style}) || '\"><v>' || CAST({value} AS VARCHAR) || '</v></c>'"
        else:
            written = _xml(_cut(f"nullif({value}, '')", longest))
            space = f"CASE WHEN regexp_matches({value}, '^\\s|\\s$') THEN ' xml:space=\"preserve\"'"
            cell = (
                f"'<c t=\"inlineStr\"><is><t' || {space} ELSE '' END || '>'"
                f" || {written} || '</t></is></c>'"
            )
        cells.append(f"coalesce({cell}, '<c/>')")
        if name in beside:
            cells.append(f"coalesce({beside[name]}, '<c/>')")
    return f"concat({', '.join(cells)}, '</row>')"


def excel_day(period: str) -> str:
    """Return the expression of the first day of a `period` (an expression) as Excel counts days.

    Null before March 1900, where Excel's calendar begins to be right.
    """
    year, number = f"CAST(left({period}, 4) AS INTEGER)", f"CAST(substr({period}, 7) AS INTEGER)"
    january_4 = f"make_date({year}, 1, 4)"  # is in the first week of ISO 8601
    day = f"""CASE substr({period}, 5, 2)
        WHEN '-Q' THEN make_date({year}, {number} * 3 - 2, 1)
        WHEN '-S' THEN make_date({year}, {number} * 6 - 5, 1)
        WHEN '-W' THEN {january_4} - CAST(isodow({january_4}) AS INTEGER) + 7 * {number} - 6
        ELSE CAST(left(left({period}, 10) || '-01-01', 10) AS DATE) END"""
    count = f"date_diff('day', DATE '1899-12-30', {day})"
    return f"CASE WHEN {count} > 60 THEN {count} END"


def _cut(text: str, longest: int) -> str:
    return f"CASE WHEN length({text}) > {longest} THEN left({text}, {longest - 1}) || '…'" \
           f" ELSE {text} END"


def _xml(text: str) -> str:
    """Return text escaped for XML, control characters as `_xHHHH_` (ECMA-376, ST_Xstring)."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = f"replace({text}, '{char}', '{entity}')"
    text = f"regexp_replace({text}, '(_x[0-9a-fA-F]{{4}}_)', '_x005F\\1', 'g')"
    escaped = (
        f"array_to_string(list_transform(regexp_extract_all({text}, '(?s).'), lambda x:"
        f" CASE WHEN regexp_matches(x, '{_CONTROLS}') THEN printf('_x%04X_', unicode(x))"
        " ELSE x END), '')"
    )
    return f"CASE WHEN regexp_matches({text}, '{_CONTROLS}') THEN {escaped} ELSE {text} END"
