"""Checks as formulas of a spreadsheet: what a workbook that people fill in says of a row.

Belongs here: what the formulas of checks share. Which checks have one, their classes say
(`Check.formula`); where the cells stand, the workbook's writer does (`pipelines.submissions`).
Excel since 2010 and LibreOffice compute these formulas alike, whatever their language. Easily got
wrong: `=` ignores case and COUNTIF reads patterns, so that codes are compared by EXACT.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from re import _parser  # type: ignore[attr-defined]  # Python's own parser of patterns
from typing import Any, Protocol

_DIGITS = "0123456789"
_MOST_FORMS = 64  # of a pattern


class SheetRow(Protocol):
    """A row of the workbook: its formulas name cells, and ranges of all rows, by these."""

    def cell(self, column: str) -> str:
        """Return the cell of this row; it holds "" where there is nothing."""
        ...

    def column(self, column: str) -> str:
        """Return the cells of all rows."""
        ...

    @property
    def numbers(self) -> str:
        """The values of all rows, 0 where there is none."""
        ...

    def listed(self, texts: Sequence[str]) -> str:
        """Return the cells of a list of these texts."""
        ...


def quoted(item: object) -> str:
    """Return a text or number as a constant of a formula."""
    if isinstance(item, str):
        doubled = item.replace('"', '""')
        return f'"{doubled}"'
    return repr(item).upper()  # 1E-05


def is_code(cells: str, code: str) -> str:
    """Return the condition that a cell, or each of several (`cells`), holds this very `code`."""
    return f"EXACT({cells},{quoted(code)})"


def one_of(row: SheetRow, cell: str, texts: Sequence[str]) -> str:
    """Return the condition that a `cell` of a `row` holds one of some texts."""
    if len(texts) <= 3:
        return any_of(is_code(cell, each) for each in texts)
    return f"SUMPRODUCT(--EXACT({row.listed(texts)},{cell}))>0"


def all_of(conditions: Iterable[str]) -> str:
    """Return the condition that all conditions hold."""
    return f"AND({','.join(conditions) or 'TRUE'})"


def any_of(conditions: Iterable[str]) -> str:
    """Return the condition that one of the conditions holds."""
    return f"OR({','.join(conditions) or 'FALSE'})"


def given(row: SheetRow, column: str, condition: str) -> str:
    """Return a `condition` on a `column` of a `row`, FALSE where the cell is empty, as in SQL."""
    return f'AND({row.cell(column)}<>"",{condition})'


def outside(
    cell: str, low: float | None, high: float | None, above: float | None = None,
    below: float | None = None,
) -> str:
    """Return the condition that the number of a `cell` is outside limits.

    `low` and `high` are included, `above` and `below` excluded; None is no limit.
    """
    limits = (("<", low), (">", high), ("<=", above), (">=", below))
    return any_of(f"{cell}{sign}{quoted(limit)}" for sign, limit in limits if limit is not None)


def only(row: SheetRow, codes: Mapping[str, str], indicators: Sequence[str] = ()) -> str:
    """Return the condition that a `row` has these `codes`, and one of `indicators` (none: any)."""
    conditions = [is_code(row.cell(column), code) for column, code in codes.items()]
    if indicators:
        conditions.append(one_of(row, row.cell("indicator"), indicators))
    return all_of(conditions)


def alike(row: SheetRow, columns: Iterable[str], more: Iterable[str] = ()) -> str:
    """Return an array: 1 for each row with the same text in `columns` and a value, else 0.

    `more` are arrays of truth values that must hold too.
    """
    same = [f"EXACT({row.column(name)},{row.cell(name)})" for name in columns]
    return "*".join([*same, f"ISNUMBER({row.column('obs_value')})", *more])


def repeated(row: SheetRow, columns: Sequence[str]) -> str:
    """Return the condition that another row has the same texts in `columns`, none of them empty."""
    same = "*".join(f"EXACT({row.column(name)},{row.cell(name)})" for name in columns)
    filled = [f'{row.cell(name)}<>""' for name in columns]
    return f"IF({all_of(filled)},SUMPRODUCT(1*{same})>1,FALSE)"


def matches(cell: str, pattern: str) -> str | None:
    """Return the condition that a cell's text matches a pattern as a whole.

    None where a formula cannot say so: the pattern is not bound to both ends, or repeats something
    any number of times.
    """
    try:
        forms = _forms(_parser.parse(pattern.replace(r"\d", "[0-9]")))
    except (re.error, _NoFormError):
        return None
    if any(form[:1] != ["^"] or form[-1:] != ["$"] for form in forms):
        return None
    return any_of(_has_form(cell, form[1:-1]) for form in forms)


class _NoFormError(Exception):
    """A pattern is none of a few forms of a known length."""


def _forms(parsed: Any) -> list[list[str]]:
    """Return every form of a pattern: for each character those that it may be; "^" and "$"."""
    forms: list[list[str]] = [[]]
    for kind, found in parsed:
        more = _forms_of(str(kind), found)
        forms = [[*form, *rest] for form, rest in product(forms, more)]
        if len(forms) > _MOST_FORMS:
            raise _NoFormError
    return forms


def _forms_of(kind: str, found: Any) -> list[list[str]]:
    if kind == "LITERAL":
        return [[f"={chr(found)}"]]
    if kind == "IN":
        return [["=" + "".join(_characters(str(each), of) for each, of in found)]]
    if kind == "MAX_REPEAT" and found[0] == found[1]:
        return _forms(list(found[2]) * int(found[0]))
    if kind == "SUBPATTERN":
        return _forms(found[3])
    if kind == "BRANCH":
        return [form for branch in found[1] for form in _forms(branch)]
    if kind == "AT":
        ends = {"AT_BEGINNING": "^", "AT_END": "$"}
        return [[ends.get(str(found), "")]]
    raise _NoFormError


def _characters(kind: str, found: Any) -> str:
    if kind == "LITERAL":
        return chr(found)
    if kind == "RANGE" and found[1] - found[0] < 100:
        return "".join(map(chr, range(found[0], found[1] + 1)))
    raise _NoFormError


def _has_form(cell: str, form: Sequence[str]) -> str:
    if not all(each.startswith("=") for each in form):
        return "FALSE"  # an end in the middle
    conditions = [f"LEN({cell})={len(form)}"]
    for place, characters in enumerate(form, start=1):
        conditions.append(f"ISNUMBER(FIND(MID({cell},{place},1),{quoted(characters[1:])}))")
    return all_of(conditions)
