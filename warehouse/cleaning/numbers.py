"""Numbers in the declared locale: SQL that reads a column of them."""

import math
import re
from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa

from model.declarations.source import ColumnRule
from model.errors import ReadError
from model.util.sql import identifier, literal
from model.util.text import nfc
from warehouse.cleaning.observation_flags import unmarked, without
from warehouse.cleaning.rejection import reject_sql
from warehouse.cleaning.source_columns import row_number

# What a number looks like in text, by locale. Source for vi: CLDR main/vi/numbers.json.
_NUMBER = {
    "plain": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?",
    "en": r"[+-]?([1-9]\d{0,2}(,\d{3})+|\d+)(\.\d+)?",
    "vi": r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d+)?",
}
_LOCALE_WORDS = {
    "plain": "digits with `.` before the decimals and no thousands mark",
    "en": "English (1,234.5)",
    "vi": "Vietnamese (1.234,5)",
}

_NUMERIC = re.compile("U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|DECIMAL|DOUBLE|FLOAT|BOOLEAN")

_MAYBE_NUMBER = re.compile(r"\s*[+-]?\s*(\.?\d|inf|nan)", re.IGNORECASE)  # for DuckDB's cast

# The columns of `raw` that have the numbers while it is mapped: of the value, and of its bounds.
NUMBER_OF = {"": "_number", "lower_bound": "_lower_number", "upper_bound": "_upper_number"}

# Columns that `take_marks` adds: the text without marks, what they mean, and a word of scale.
UNMARKED = ("_unmarked", "_mark_status", "_mark_note", "_mark_footnotes", "_scale_word")


def take_marks(
    con: duckdb.DuckDBPyConnection, rule: ColumnRule, columns: Mapping[str, str]
) -> bool:
    """Take marks and words of scale off the values: adds the columns UNMARKED to `raw` on `con`.

    The `rule` of the value says which; `columns` are the types of the table's columns.

    Returns:
        False where none are declared, or the values are no text; then `raw` stays as it is.
    """
    if rule.column is None or columns[rule.column] != "VARCHAR":
        return False
    if not rule.marks and not rule.scale_words:
        return False
    cell = identifier(rule.column)
    rows = con.execute(
        f"SELECT DISTINCT {cell} FROM raw WHERE {cell} IS NOT NULL"
        f" AND NOT {_is_number(_trimmed(cell), rule)} ORDER BY 1"
    ).fetchall()
    markers: list[tuple[str | None, ...]] = []
    for (text,) in rows:
        value, *meant = unmarked(text, rule.marks)
        value, word = _without_word(value, rule.scale_words)
        markers.append((text, value, *meant, word))
    names = ("source", *UNMARKED)
    found: list[tuple[str | None, ...]] = list(zip(*markers, strict=True)) or [()] * len(names)
    small = pa.table(
        {name: pa.array(each, pa.string()) for name, each in zip(names, found, strict=True)}
    )
    con.register("_marks", small)
    con.execute(
        "CREATE TABLE unmarked AS SELECT raw.* EXCLUDE (_place),"
        f" coalesce(_marks._unmarked, raw.{cell}) AS _unmarked, _marks._mark_status,"
        " _marks._mark_note, _marks._mark_footnotes, _marks._scale_word"
        f" FROM (SELECT *, {row_number(columns)} AS _place FROM raw) AS raw"
        f" LEFT JOIN _marks ON raw.{cell} = _marks.source ORDER BY raw._place"
    )
    con.unregister("_marks")
    con.execute("DROP TABLE raw")
    con.execute("ALTER TABLE unmarked RENAME TO raw")
    return True


def _without_word(text: str, words: Mapping[str, float]) -> tuple[str, str | None]:
    for word in sorted(words, key=len, reverse=True):
        rest = without(text.casefold(), nfc(word).strip().casefold())
        if rest is not None:
            return rest, word
    return text, None


def is_empty(rule: ColumnRule, columns: Mapping[str, str]) -> str:
    """Return SQL that says whether a cell holds no value by the `rule` of its column.

    `columns` are the types of the table's columns: numbers have no markers.
    """
    if rule.column is None:
        return "false"
    cell = f"raw.{identifier(rule.column)}"
    if columns[rule.column] in ("DOUBLE", "FLOAT"):
        return f"({cell} IS NULL OR isnan({cell}))"
    if columns[rule.column] != "VARCHAR":
        return f"{cell} IS NULL"
    # Of a list this long DuckDB makes a join for each IN, of every row, even in a branch of a CASE
    # that no row takes: half of the time of cleaning a million rows.
    marks = ", ".join(literal(mark) for mark in dict.fromkeys(("", *rule.missing)))
    is_empty = f"({cell} IS NULL OR list_contains([{marks}], {_trimmed(cell)}))"
    if any(map(_MAYBE_NUMBER.match, rule.missing)):
        return is_empty
    # Most cells have a number, and that is seen in a third of the time.
    return f"CASE WHEN TRY_CAST({cell} AS DOUBLE) IS NULL THEN {is_empty} ELSE false END"


def _constant_number(text: str) -> str:
    """Return a declared constant if it is a finite number as a source in `plain` writes it.

    Raises:
        ReadError: it is not.
    """
    if not re.fullmatch(_NUMBER["plain"], text) or not math.isfinite(float(text)):
        raise ReadError(
            f"the constant {text!r} of `obs_value` is not a number",
            todo="write digits with `.` before the decimals, e.g. `obs_value: {const: \"12.5\"}`",
        )
    return text


def bound_rule(rule: ColumnRule, value: ColumnRule) -> ColumnRule:
    """Return the `rule` of a bound: as `value`, of `obs_value`, unless it says otherwise."""
    declared = {name: getattr(rule, name) for name in rule.model_fields_set}
    return value.model_copy(update={
        "marks": {}, "scale_words": {}, **declared, "column": rule.column, "const": rule.const,
    })


def number_of(rule: ColumnRule, columns: Mapping[str, str], concept: str = "") -> tuple[str, str]:
    """Return SQL for the number that a `rule` reads, and SQL for why it could not be parsed.

    `columns` are the types of the columns of `raw`; the reason names a `concept`, "" for the value.
    The reason takes the number from the column `NUMBER_OF` of `raw`, so that it is read once.
    """
    of = {"concept": literal(concept)} if concept else {}
    if rule.const is not None:
        return f"CAST({literal(_constant_number(rule.const))} AS DOUBLE)", "NULL"
    column = str(rule.column)
    cell = f"raw.{identifier(column)}"
    empty = is_empty(rule, columns)
    no_scale = _no_scale(rule, empty)
    if columns[column] != "VARCHAR":
        if not _NUMERIC.match(columns[column]):
            raise ReadError(
                f"the column {column!r} of `obs_value` is of type {columns[column]}, not a number",
                todo="map another column, or convert it in the declaration's SQL file",
            )
        scaled = _by_row(rule, lambda scale: f"CAST({cell} AS DOUBLE) * {scale!r}")
        return (
            f"CASE WHEN NOT {empty} THEN {scaled} END",
            f"CASE WHEN NOT {empty} AND NOT isfinite(CAST({cell} AS DOUBLE))"
            f" THEN {reject_sql('not_finite', **of)}{no_scale} END",
        )
    locale = rule.locale or "plain"
    digits = text = _trimmed(cell)
    is_number = _is_number(digits, rule)
    if locale == "en":
        digits = f"replace({digits}, ',', '')"
    elif locale == "vi":
        digits = f"replace(replace({digits}, '.', ''), ',', '.')"
    scaled = _by_row(rule, lambda scale: _scaled(digits, scale))
    excerpt = f"CASE WHEN length({cell}) > 60 THEN left({cell}, 57) || '...' ELSE {cell} END"
    not_a_number = reject_sql(
        "not_a_number", text=excerpt, locale=literal(_LOCALE_WORDS[locale]), **of
    )
    too_large = reject_sql("too_large", text=excerpt, **of)
    # What looks like a number is empty only where it is declared to mean so: -999.
    numbers = [mark for mark in rule.missing if re.fullmatch(_NUMBER[locale], mark)]
    but = f" AND {text} NOT IN ({', '.join(map(literal, numbers))})" if numbers else ""
    return (
        f"CASE WHEN {is_number}{but} AND isfinite({scaled}) THEN {scaled} END",
        f"CASE WHEN raw.{NUMBER_OF[concept]} IS NOT NULL THEN NULL"
        f" WHEN NOT {empty} AND NOT {is_number} THEN {not_a_number}{no_scale}"
        f" WHEN NOT {empty} THEN {too_large} END",
    )


def _by_row(rule: ColumnRule, scaled: Callable[[float], str]) -> str:
    """Return SQL for a number times its scale, which may differ from row to row."""
    named = rule.scale_by

    def by_column(factor: float) -> str:
        if named is None:
            return scaled(factor)
        cases = (f"WHEN {literal(k)} THEN {scaled(factor * v)}" for k, v in named.map.items())
        return f"CASE {_word(named.column)} {' '.join(cases)} END"

    if not rule.scale_words:
        return by_column(float(rule.scale))
    words = (f"WHEN {literal(k)} THEN {by_column(rule.scale * v)}" for k, v in
             rule.scale_words.items())
    return f"CASE raw._scale_word {' '.join(words)} ELSE {by_column(float(rule.scale))} END"


def _no_scale(rule: ColumnRule, empty: str) -> str:
    """Return SQL, a case of why there is no number: its scale is none of the declared words."""
    if rule.scale_by is None:
        return ""
    word, known = _word(rule.scale_by.column), rule.scale_by.map
    listed = ", ".join(literal(each) for each in known)
    reason = reject_sql("scale", text=f"coalesce({word}, '')", known=literal(", ".join(known)))
    return f" WHEN NOT {empty} AND ({word} IS NULL OR {word} NOT IN ({listed}))" f" THEN {reason}"


def _word(column: str) -> str:
    return _trimmed(f"CAST(raw.{identifier(column)} AS VARCHAR)")


def _is_number(digits: str, rule: ColumnRule) -> str:
    return f"regexp_full_match({digits}, '{_NUMBER[rule.locale or 'plain']}')"


def _trimmed(cell: str) -> str:
    return f"trim({cell}, ' \t\u00a0')"


def _scaled(digits: str, scale: float) -> str:
    """Return SQL for a number times its scale, exact where the scale is a power of ten.

    "123.4" times 1000 is read as "123.4e3": multiplying floats would give 123400.00000000001.
    """
    power = f"{scale:e}"
    mantissa, exponent = power.split("e")
    if float(mantissa) == 1 and scale != 1:
        plain = f"TRY_CAST({digits} || 'e{int(exponent)}' AS DOUBLE)"
        return f"coalesce({plain}, TRY_CAST({digits} AS DOUBLE) * {float(scale)!r})"
    plain = f"TRY_CAST({digits} AS DOUBLE)"
    return plain if scale == 1 else f"{plain} * {float(scale)!r}"
