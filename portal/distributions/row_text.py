"""Rows of a release as text of a format, made by DuckDB: one SQL expression for each line.

Belongs here: how a cell is written in CSV, JSON and the XML of a workbook. `csv_text` has the same
rules for the small tables that are made in Python, and the reasons for them.
"""

from collections.abc import Mapping, Sequence

from model.util.sql import identifier, literal
from portal.distributions.csv_text import FORMULA_START, NUMBER

Columns = Mapping[str, bool]  # of a table: name -> whether it holds numbers

_CONTROLS = "[\\x00-\\x08\\x0b-\\x1f\\x{fffe}\\x{ffff}]"


def _number(value: str) -> str:
    """Return a number in full, without an exponent; DuckDB's own text is that of Python's `repr`.

    `1.5e+20` has its digits moved to the right, `-2.5e-07` to the left.
    """
    text = f"CAST({value} AS VARCHAR)"
    digits = f"replace(ltrim(split_part({text}, 'e', 1), '-'), '.', '')"
    power = f"CAST(split_part({text}, 'e', 2) AS INTEGER)"
    return (
        f"CASE WHEN {value} = 0 THEN '0' WHEN contains({text}, 'e') THEN"
        f" CASE WHEN {value} < 0 THEN '-' ELSE '' END || CASE WHEN {power} > 0"
        f" THEN rpad({digits}, {power} + 1, '0')"
        f" ELSE '0.' || repeat('0', -{power} - 1) || {digits} END"
        f" ELSE regexp_replace({text}, '\\.0$', '') END"
    )


def csv_line(columns: Columns) -> str:
    """Return the expression of a line of CSV without its end, for a table with these `columns`."""
    return _joined(
        [_csv_number(name) if number else _csv_text(name) for name, number in columns.items()], ","
    )


def _csv_number(name: str) -> str:
    return f"coalesce({_number(identifier(name))}, '')"


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


def json_line(columns: Columns) -> str:
    """Return the expression of a JSON object, for a table with these `columns`."""
    fields = []
    for name, number in columns.items():
        value = _number(identifier(name)) if number else f"to_json({identifier(name)})::VARCHAR"
        fields.append(f"to_json({literal(name)})::VARCHAR || ': ' || coalesce({value}, 'null')")
    return f"'{{' || {_joined(fields, ', ')} || '}}'"


def xlsx_row(
    columns: Columns, letters: Mapping[str, str], known: Mapping[str, str],
    beside: Mapping[str, str], number: str, style: str, longest: int,
) -> str:
    """Return the expression of a row of a sheet's XML.

    `letters` are those of the `columns`. `number` and `style` are expressions: the row's number,
    and the cell format of figures. `known` has, by column, the expression of a cell without its
    beginning `<c r="A1"`, null for none; `beside` that of whole cells right after a column's own,
    which need no reference then (ECMA-376, 18.3.1.4). Text of more characters than `longest` is cut
    to that length, with an ellipsis.
    """
    cells = []
    for name, is_number in columns.items():
        value = identifier(name)
        start = f"'<c r=\"{letters[name]}' || ({number}) || '\"'"
        if name in known:
            cells.append(f"coalesce({start} || {known[name]}, '')")
        elif is_number:
            text = f"CAST({value} AS VARCHAR)"
            cells.append(
                f"CASE WHEN {value} IS NULL THEN '' ELSE"
                f" {start} || ' s=\"' || ({style}) || '\"><v>' || {text} || '</v></c>' END"
            )
        else:
            space = f"CASE WHEN regexp_matches({value}, '^\\s|\\s$') THEN ' xml:space=\"preserve\"'"
            cells.append(
                f"CASE WHEN coalesce({value}, '') = '' THEN '' ELSE"
                f" {start} || ' t=\"inlineStr\"><is><t' || {space} ELSE '' END || '>'"
                f" || {_xml(_cut(value, longest))} || '</t></is></c>' END"
            )
        if name in beside:
            cells.append(f"coalesce({beside[name]}, '')")
    return f"'<row r=\"' || ({number}) || '\">' || {_joined(cells, '')} || '</row>'"


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


def _joined(parts: Sequence[str], separator: str) -> str:
    return f" || {literal(separator)} || ".join(parts)
