"""PX files (PC-Axis): `KEYWORD[language]("variable")="text";` and, last, `DATA=` figures.

https://www.scb.se/globalassets/vara-tjanster/px-programmen/px-file_format_specification_2013.pdf
Adjacent strings are one string; with a comma between them they are a list. The first dimensions are
STUB, the others HEADING, whose last variable runs fastest.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import ReadError
from model.util.text import did_you_mean
from sources.formats.cube.cube import Cube, CubeDimension, cells_of, check_names, dimension
from sources.formats.legacy_vietnamese import VIETNAMESE_ENCODINGS, decoded
from sources.formats.payload import check_payload, quoted
from sources.limits import MAX_JSON_BYTES

# Possessive, so that a quote that is never closed takes one pass to detect.
_STRING = r'"[^"]*+"'
_KEY = re.compile(
    rf"\s*+([A-Z][A-Z0-9_-]*+)\s*+(?:\[([^\]\[\s]{{1,20}})\])?\s*+(?:\(([^\"()]*+(?:{_STRING}[^\"()]*+)*+)\))?\s*+="
)
_VALUE = re.compile(rf"((?:[^\";]++|{_STRING})*+);")
_PIECE = re.compile(rf"({_STRING})|(,)")
_CELL = re.compile(rf'{_STRING}|[^\s"]++')
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_SYMBOL = re.compile(r"\.{1,6}|-|:")
_STARTS = re.compile(rb"(\xef\xbb\xbf)?\s*[A-Z][A-Z0-9-]*(\[[^\]\n]*\])?(\([^)\n]*\))?\s*=")


def is_px(head: bytes) -> bool:
    """Whether a payload begins as a PX file does."""
    return _STARTS.match(head) is not None


@dataclass
class _Keywords:
    """The values of the keywords, by keyword, language ("" for the first) and variable."""

    where: str
    values: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def get(self, keyword: str, language: str = "", variable: str = "") -> list[str]:
        """Return the values of a `keyword`, of a `language` and a `variable` where it has these."""
        return self.values.get((keyword, language, variable), [])

    def first(self, keyword: str) -> str:
        """Return the first value of a keyword, "" without one."""
        return next(iter(self.get(keyword)), "")


def px_cube(path: Path, where: str, language: str | None, encoding: str | None) -> Cube:
    """Load the table of the PX file `path`, named `where`.

    It is read in a `language`, its first by default, and in an `encoding` in place of its CODEPAGE,
    which is often wrong. A symbol (`".."`, `"."`, `"-"`) is a status, not a value. With KEYS a file
    lists some rows only; those that it leaves out are no rows here: the format does not define
    whether they are zero.

    Raises:
        ReadError: not well formed, another encoding, or figures that do not fit.
    """
    check_payload(path, where, "a PX file")
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ReadError(f"has more than {MAX_JSON_BYTES} bytes", where=where)
    text = _text(path.read_bytes(), where, encoding)
    keywords, start = _keywords(text, where)
    dimensions, stub = _dimensions(keywords, _language(keywords, language))
    sizes = [len(each.categories) for each in dimensions]
    total = cells_of(sizes, where)
    check_names(dimensions, where)
    is_sparse = any(keyword == "KEYS" for keyword, _, _ in keywords.values)
    cells = _cells(text, start, where, is_counted=not is_sparse)
    if is_sparse:
        return _sparse(dimensions, stub, keywords, list(cells), where)
    found = [_value(cell, f"{where}, value {n}") for n, cell in enumerate(cells, start=1)]
    if len(found) != total:
        raise ReadError(
            f"has {len(found)} values for {total} cells", where=where,
            todo="fetch it again: it may have been cut off",
        )
    return Cube(dimensions, [v for v, _ in found], [symbol for _, symbol in found], where)


def px_description(path: Path, where: str) -> tuple[str, ...]:
    """Return what the PX file at `path` says of its table: the title and the unit.

    `where` names the file in errors.

    Raises:
        ReadError: not well formed, or in another encoding than it names.
    """
    keywords, _ = _keywords(_text(path.read_bytes(), where, None), where)
    title = keywords.first("TITLE") or keywords.first("DESCRIPTION") or keywords.first("CONTENTS")
    unit = keywords.first("UNITS")
    return tuple(filter(None, (title, f"Unit: {unit}" if unit else "")))


def _text(raw: bytes, where: str, encoding: str | None) -> str:
    """Return the text: in the declared encoding, in UTF-8 if it is that, or in its CODEPAGE."""
    if encoding in VIETNAMESE_ENCODINGS:
        try:
            return decoded(raw.decode("latin-1"), str(encoding))
        except UnicodeError as error:
            raise ReadError(f"is not {encoding}: {error}", where=where) from error
    named = encoding or "utf-8"
    try:
        return raw.decode("utf-8-sig" if named == "utf-8" else named)
    except UnicodeError as error:
        if encoding is not None:
            raise ReadError(f"is not {encoding}", where=where, todo="check `encoding`") from error
    found = re.search(rb'CODEPAGE\s*=\s*"([^"\n]{1,40})"', raw)
    codepage = found[1].decode("latin-1") if found else ""
    if not codepage and re.search(rb'CHARSET\s*=\s*"ANSI"', raw):
        codepage = "windows-1252"
    try:
        if codecs.lookup(codepage).name == "utf-8":
            raise LookupError
        return raw.decode(codepage)
    except (LookupError, UnicodeError, ValueError) as error:
        raise ReadError(
            f"is not in the encoding that it names, {quoted(codepage, 40)!r}" if codepage
            else "is not UTF-8 and names no CODEPAGE",
            where=where, todo="declare its `encoding`",
        ) from error


def _keywords(text: str, where: str) -> tuple[_Keywords, int]:
    """Return the keywords before DATA, and where its figures begin."""
    found = _Keywords(where)
    position = 0
    while key := _KEY.match(text, position):
        keyword, language, variables = key[1], key[2] or "", key[3] or ""
        if keyword == "DATA":
            return found, key.end()
        value = _VALUE.match(text, key.end())
        if value is None:
            line = text.count("\n", 0, key.start(1)) + 1
            raise ReadError(
                f"the value of {quoted(keyword, 40)} has no end", where=f"{where}:{line}",
                todo="look for a quote that is never closed, or fetch it again",
            )
        listed = _strings(variables)
        name = (keyword, language, listed[0] if listed else "")
        if len(listed) < 2:  # notes on one cell or category are no part of the table
            found.values.setdefault(name, _strings(value[1]) or [value[1].strip()])
        position = value.end()
    line = text.count("\n", 0, position) + 1
    raise ReadError(
        "is no PX file: a keyword and `=` should stand here, up to DATA",
        where=f"{where}:{line}", todo="fetch it again: it may have been cut off",
    )


def _strings(text: str) -> list[str]:
    """Return the list of strings in a value; adjacent ones are one."""
    found: list[str] = []
    joins = False
    for piece in _PIECE.finditer(text):
        if piece[2]:
            joins = False
        elif joins:
            found[-1] += piece[1][1:-1]
        else:
            found.append(piece[1][1:-1])
            joins = True
    return found


def _language(keywords: _Keywords, wanted: str | None) -> str:
    """Return a language as keywords write it: "" for the first one."""
    first = keywords.first("LANGUAGE")
    if wanted is None or wanted == first:
        return ""
    known = set(keywords.get("LANGUAGES")) | {first} - {""}
    if wanted not in known:
        raise ReadError(
            f"is not in {wanted!r}; it is in {', '.join(sorted(known)) or 'one language'}",
            where=keywords.where, todo=did_you_mean(wanted, known) or "check `language`",
        )
    return wanted


def _dimensions(keywords: _Keywords, language: str) -> tuple[tuple[CubeDimension, ...], list[str]]:
    """Return the dimensions, and the variables of STUB by their names in the first language."""
    stub, heading = keywords.get("STUB"), keywords.get("HEADING")
    names = [each for each in (*stub, *heading) if each]
    own = keywords.get("STUB", language) + keywords.get("HEADING", language)
    own = [each for each in own if each] or names
    if not names or len(own) != len(names):
        raise ReadError(
            "names no variables in STUB and HEADING" if not names
            else f"has {len(names)} variables, and {len(own)} in {language!r}",
            where=keywords.where, todo="fetch it again",
        )
    found = tuple(
        _dimension(keywords, language, name, translated)
        for name, translated in zip(names, own, strict=True)
    )
    return found, [each for each in stub if each]


def _dimension(keywords: _Keywords, language: str, name: str, translated: str) -> CubeDimension:
    where = f"{keywords.where}, variable {quoted(translated, 60)!r}"
    first = keywords.get("VALUES", "", name)
    labels = keywords.get("VALUES", language, translated) or first
    codes = keywords.get("CODES", "", name) or _times(keywords, name, len(first)) or first
    if not labels or not len(labels) == len(codes) == len(first):
        raise ReadError(
            f"has {len(first)} VALUES, {len(codes)} CODES and {len(labels)} names",
            where=where, todo="fetch it again",
        )
    if len(set(codes)) != len(codes):
        raise ReadError("has a code twice", where=where, todo="ask the publisher")
    return dimension(translated, list(zip(codes, labels, strict=True)), where)


def _times(keywords: _Keywords, name: str, count: int) -> list[str]:
    """Return the periods of TIMEVAL, e.g. `TLIST(Q1),"20041","20042"`, where all are listed."""
    listed = keywords.get("TIMEVAL", "", name)
    return listed if len(listed) == count else []


def _cells(text: str, start: int, where: str, *, is_counted: bool) -> Iterator[str]:
    """Return the figures of DATA.

    The last semicolon may be missing where the figures are counted and the last one is complete:
    a blank follows it.
    """
    end = text.rfind(";", start)
    if end < 0 and is_counted and text[-1:].isspace():
        end = len(text)
    if end < 0 or text[end + 1:].strip("\0 \t\r\n\x1a"):
        raise ReadError(
            "its DATA has no end", where=where, todo="fetch it again: it may have been cut off"
        )
    return (found[0] for found in _CELL.finditer(text, start, end))


def _value(cell: str, where: str) -> tuple[str | None, str | None]:
    """Return a number and no symbol, or no number and a symbol."""
    text = cell.strip('"')
    if _NUMBER.fullmatch(text) and not cell.startswith('"'):
        return text, None
    is_text = cell.startswith('"') and not any(map(str.isdigit, text))  # "0,5" is no symbol
    if is_text or _SYMBOL.fullmatch(text):
        return None, text
    raise ReadError(
        f"{quoted(cell, 40)!r} is neither a number nor a symbol", where=where,
        todo="ask the publisher",
    )


def _sparse(
    dimensions: tuple[CubeDimension, ...], stub: list[str], keywords: _Keywords, cells: list[str],
    where: str,
) -> Cube:
    """Read rows that begin with the codes or names of their STUB: `"A","B",1 2 3`."""
    sides = [
        {
            (label if _names_values(keywords, name) else code): position
            for position, (code, label) in enumerate(each.categories)
        }
        for name, each in zip(stub, dimensions, strict=False)
    ]
    sizes = [len(each.categories) for each in dimensions]
    width = cells_of(sizes[len(stub):], where)
    pieces = [part for cell in cells for part in _split(cell)]
    length = len(stub) + width
    if len(pieces) % length:
        raise ReadError(
            f"has {len(pieces)} keys and values; a row has {length}", where=where,
            todo="fetch it again: it may have been cut off",
        )
    values: dict[int, str | None] = {}
    symbols: dict[int, str | None] = {}
    for number, begin in enumerate(range(0, len(pieces), length), start=1):
        place = f"{where}, row {number} of DATA"
        row = 0
        for side, piece in zip(sides, pieces[begin:begin + len(stub)], strict=True):
            found = side.get(" ".join(piece.strip('"').split()))
            if found is None:
                raise ReadError(f"has no key {quoted(piece, 60)}", where=place)
            row = row * len(side) + found
        if row * width in values:
            raise ReadError("occurs twice", where=place, todo="ask the publisher")
        for offset, piece in enumerate(pieces[begin + len(stub):begin + length]):
            value, symbol = _value(piece, place)
            values[row * width + offset], symbols[row * width + offset] = value, symbol
    return Cube(dimensions, values, symbols, where, only_listed=True)


def _names_values(keywords: _Keywords, variable: str) -> bool:
    return keywords.get("KEYS", "", variable) == ["VALUES"]


def _split(cell: str) -> list[str]:
    """Return the pieces of what is between blanks: commas separate keys."""
    if cell.startswith('"'):
        return [cell]
    return [piece for piece in cell.split(",") if piece]
