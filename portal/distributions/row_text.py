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
    columns: Columns, letters: Sequence[str], number: str, style: str, longest: int
) -> str:
    """Return the expression of a row of a sheet's XML.

    `letters` are those of the table's `columns` in the sheet. `number` and `style` are expressions:
    the row's number, and the cell format of figures. Text of more characters than `longest` is cut
    to that length, with an ellipsis.
    """
    cells = []
    for letter, (name, is_number) in zip(letters, columns.items(), strict=True):
        value = identifier(name)
        start = f"'<c r=\"{letter}' || ({number}) || '\"'"
        if is_number:
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
    return f"'<row r=\"' || ({number}) || '\">' || {_joined(cells, '')} || '</row>'"


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
