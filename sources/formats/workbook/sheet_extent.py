"""What a workbook of XML holds that its reader does not tell: how far it reaches, and which of
its cells have no value.

calamine keeps a sheet as a full rectangle: two cells, A1 and XFD1048576, make it ask for half a
terabyte and end the process, which no `except` can catch. And it gives an empty cell for `#REF!`
and for a formula that no program has calculated yet. Both are found here, before it reads.

What spreadsheet programs write is plain enough for one regular expression; whatever is not goes
through an XML parser, which is ten times as slow.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import numpy as np

from model.errors import ReadError
from sources.formats.archives import DAMAGED
from sources.formats.payload import quoted
from sources.formats.workbook.cells import column_number
from sources.formats.workbook.sheet_xml import NOT_CALCULATED, SheetExtent, scanned
from sources.limits import MAX_JSON_BYTES, MAX_SHEET_CELLS

_PIECE = 1 << 20  # bytes that are looked at at once
_IN_A_TAG = 8  # bytes, more than what is looked for inside of tags
_LONG_CELL = 4_096  # bytes, more than most cells have
_EDGE = 1_000  # bytes at the beginning and the end
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PLAIN_HEAD = re.compile(
    rb'\s*(<\?xml version="1\.0"( encoding="(UTF|utf)-8")?( standalone="\w+")?\s*\?>)?'
    rb"\s*<(worksheet|sst)[ >]"
)
# A cell that stands further to the right, or further below, than so many columns and rows; or is
# written otherwise than programs do.
_CELL_BEYOND = {
    reach: re.compile(rb'<c[\s/>](?!r="' + within + rb'")')
    for reach, within in {
        (10, 999_999): rb"[A-J][0-9]{1,6}",
        (26, 299_999): rb"[A-Z][12]?[0-9]{1,5}",
        (78, 99_999): rb"[AB]?[A-Z][0-9]{1,5}",
        (702, 9_999): rb"[A-Z]{1,2}[0-9]{1,4}",
    }.items()
}
_PREFIXED_CELL = re.compile(rb":c[\s/>]")
_ERROR = re.compile(rb't="e"')
_NOT_CALCULATED = re.compile(rb"<f(?=[\s/>])(?!(?:\s[^>]*)?(?:/>|>[^<]*</f>)<v>[^<])")
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)>'
    rb"(<f[^>]*/>|<f[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>|<v */>)?"
)


def check_extent(path: Path, where: str, copy: Path | None = None) -> dict[str, SheetExtent]:
    """Check that no sheet of an .xlsx or .ods file reaches too far, and survey its cells.

    Args:
        path: the workbook.
        where: its name, for messages.
        copy: where to write the workbook as it was checked, unpacked: another reader of zips may
            see other members in `path`, and unpacks them a second time.

    Returns:
        By member (.xlsx) or by sheet (.ods, as `content.xml!<sheet>`).

    Raises:
        ReadError: a sheet reaches too far, or the workbook's XML is damaged.
    """
    found: dict[str, SheetExtent] = {}
    try:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(path))
            checked = stack.enter_context(zipfile.ZipFile(copy, "w")) if copy else None
            for member in archive.infolist():
                place = f"{where}!{quoted(member.filename, 60)}"
                if checked and member.filename in checked.NameToInfo:
                    raise ReadError("is there twice", where=place, todo="save it again")
                found |= _surveyed(archive, member, place, checked)
    except DAMAGED as error:
        raise ReadError(
            f"is a damaged workbook: {quoted(str(error))}", where=where, todo="fetch it again"
        ) from error
    return found


def _surveyed(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, copy: zipfile.ZipFile | None
) -> dict[str, SheetExtent]:
    """Survey a member, and write it to the copy."""
    info = zipfile.ZipInfo(member.filename)
    info.file_size = member.file_size
    with archive.open(member) as file, copy.open(info, "w") if copy else nullcontext() as target:
        look = _look(_copied(file, target))
    if look.is_plain and not look.may_lack_values:
        return {member.filename: SheetExtent(where)}
    if look.is_plain and member.file_size <= MAX_JSON_BYTES:
        extent = _plain_sheet(archive.read(member), where)
        if extent is not None:
            return {member.filename: extent}
    if not look.is_xml:  # a picture
        return {}
    with archive.open(member) as file:
        return scanned(file, where, member.filename)


def _copied(source: IO[bytes], target: IO[bytes] | None) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        if target:
            target.write(piece)
        yield piece


@dataclass(frozen=True)
class _Look:
    """What a look at the bytes of a member tells.

    is_plain: it is a sheet or its texts, written plainly, and does not reach too far.
    may_lack_values: it holds errors, or perhaps a formula without a value.
    """

    is_xml: bool
    is_plain: bool
    may_lack_values: bool


def _look(pieces: Iterable[bytes]) -> _Look:
    """Look through a member piece by piece, while each is in the processor's cache."""
    begin = end = b""
    beyond = [
        each for (columns, rows), each in _CELL_BEYOND.items() if columns * rows <= MAX_SHEET_CELLS
    ]
    may_lack_values = has_prefixes = False
    for piece in _uncut(pieces):
        if len(begin) < _EDGE:
            begin += piece
        end = (end + piece[-_EDGE:])[-_EDGE:]
        may_lack_values |= _has_pair(piece, b'"e') and bool(_ERROR.search(piece))
        may_lack_values |= _has_pair(piece, b"<f") and bool(_NOT_CALCULATED.search(piece))
        has_prefixes |= _has_pair(piece, b":c") and bool(_PREFIXED_CELL.search(piece))
        # The first piece tells which one is for this sheet; looking at each for all takes long.
        beyond = [each for each in beyond if not each.search(piece)][:1]
    ends = end.rstrip().endswith((b"</worksheet>", b"</sst>"))
    is_blank = len(begin) >= _EDGE and begin.isspace()
    return _Look(
        is_xml=begin.lstrip()[:1] == b"<" or begin.startswith(_BOMS) or is_blank,
        is_plain=bool(beyond and not has_prefixes and ends and _PLAIN_HEAD.match(begin)),
        may_lack_values=may_lack_values,
    )


def _uncut(pieces: Iterable[bytes]) -> Iterator[memoryview]:
    """Give the pieces so that nothing that is looked for is cut in two, and hardly a cell."""
    rest = b""
    for given in pieces:
        piece = rest + given
        cut = piece.rfind(b"<c", -_LONG_CELL)
        if cut < 0:
            cut = piece.rfind(b"<", -_LONG_CELL)
        end = len(piece) if cut < 0 else cut  # of a very long tag the last bytes come again
        yield memoryview(piece)[:end]
        rest = piece[cut if cut >= 0 else -_IN_A_TAG :]
    yield memoryview(rest)


def _plain_sheet(xml: bytes, where: str) -> SheetExtent | None:
    """Survey a member by regular expressions, None where it is not written plainly enough."""
    look = _look([xml])
    if not look.is_plain:
        return None
    extent = SheetExtent(where)
    return extent if not look.may_lack_values or _find_valueless(xml, extent) else None


def _has_pair(xml: memoryview, pair: bytes) -> bool:
    """Say whether two bytes stand side by side, eight times as quickly as `in` does."""
    wanted = np.frombuffer(pair, np.uint16)[0]
    return any(
        (np.frombuffer(xml, np.uint16, (len(xml) - odd) // 2, odd) == wanted).any()
        for odd in (0, 1) if len(xml) > odd + 1
    )


def _find_valueless(xml: bytes, extent: SheetExtent) -> bool:
    """Note errors and formulas without a value; False where some are written in another way."""
    errors = xml.count(b't="e"')
    formulas = xml.count(b"<f>") + xml.count(b"<f ") + xml.count(b"<f/")
    for letters, row, attributes, formula, value in _CELL.findall(xml):
        is_error = b't="e"' in attributes
        errors -= is_error
        formulas -= bool(formula)
        place = int(row), column_number(letters.decode())
        if is_error and value:
            extent.valueless[place] = quoted(value.decode("utf-8", "replace"), 40)
        elif is_error or (formula and not value and b't="str"' not in attributes):
            extent.valueless[place] = NOT_CALCULATED
    return not errors and not formulas


def member_of_sheet(path: Path, where: str, sheet: str) -> str:
    """Return the key under which `check_extent` has a sheet, "" when it is not found.

    Raises:
        ReadError: the workbook does not say which member is which sheet.
    """
    with zipfile.ZipFile(path) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        if "content.xml" in names:
            return f"{names['content.xml']}!{sheet}"
        try:
            book = ElementTree.fromstring(archive.read(names["xl/workbook.xml"]))  # noqa: S314
            links = ElementTree.fromstring(  # noqa: S314 (`check_extent` refuses document types)
                archive.read(names["xl/_rels/workbook.xml.rels"])
            )
        except (KeyError, ElementTree.ParseError) as error:
            raise ReadError("lists no sheets", where=where, todo="save it again") from error
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for each in book.iter():
        if each.tag.rpartition("}")[2] == "sheet" and each.get("name") == sheet:
            ids = (value for key, value in each.items() if key.endswith("}id"))
            target = targets.get(next(ids, ""), "")
            member = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            return names.get(posixpath.normpath(member).lower(), "")
    return ""
