"""What a workbook of XML holds that its reader does not tell: how far it reaches, and which of
its cells have no value.

calamine keeps a sheet as a full rectangle: two cells, A1 and XFD1048576, make it ask for half a
terabyte and end the process, which no `except` can catch. And it gives an empty cell for `#REF!`
and for a formula that no program has calculated yet. Both are found here, before it reads.

What spreadsheet programs write is plain enough for one regular expression; whatever is not goes
through an XML parser, which is ten times as slow.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import zipfile
import zlib
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from model.errors import ReadError
from sources.answers import quoted
from sources.limits import MAX_JSON_BYTES, MAX_SHEET_CELLS
from sources.sheet_xml import NOT_CALCULATED, Extent, column_number, scanned

_PIECE = 1 << 18  # bytes, an even number of them
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PLAIN_HEAD = re.compile(
    rb'\s*(<\?xml version="1\.0"( encoding="(UTF|utf)-8")?( standalone="\w+")?\s*\?>)?'
    rb"\s*<(worksheet|sst)[ >]"
)
# Cells that stand neither far to the right nor far below, written as programs write them. A sheet
# that has no others reaches over so many columns and rows at most.
_NEAR_CELLS = {
    (78, 99_999): rb"[AB]?[A-Z][0-9]{1,5}",
    (702, 9_999): rb"[A-Z]{1,2}[0-9]{1,4}",
    (10, 999_999): rb"[A-J][0-9]{1,6}",
    (26, 299_999): rb"[A-Z][12]?[0-9]{1,5}",
}
_OTHER_CELL = {
    reach: re.compile(rb'<c[\s/>](?!r="' + near + rb'")') for reach, near in _NEAR_CELLS.items()
}
_PREFIXED_CELL = re.compile(rb":c[\s/>]")
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)>'
    rb"(<f[^>]*/>|<f[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>|<v */>)?"
)


def check_extent(path: Path, where: str, copy: Path | None = None) -> dict[str, Extent]:
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
    found: dict[str, Extent] = {}
    try:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(path))
            checked = stack.enter_context(zipfile.ZipFile(copy, "w")) if copy else None
            for member in archive.infolist():
                name = member.filename
                place = f"{where}!{quoted(name, 60)}"
                if checked and name in checked.NameToInfo:
                    raise ReadError("is there twice", where=place, todo="save it again")
                if member.file_size <= MAX_JSON_BYTES:
                    content = archive.read(member)
                    found |= _surveyed(content, place, name)
                    if checked:
                        checked.writestr(zipfile.ZipInfo(name), content)
                    continue
                with archive.open(member) as file:
                    found |= scanned(file, place, name)
                if checked:
                    with archive.open(member) as file, checked.open(name, "w") as target:
                        shutil.copyfileobj(file, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ReadError(
            f"is a damaged workbook: {quoted(str(error))}", where=where, todo="fetch it again"
        ) from error
    return found


def _surveyed(content: bytes, where: str, name: str) -> dict[str, Extent]:
    extent = _plain_sheet(content, where)
    if extent is not None:
        return {name: extent}
    if content.lstrip()[:1] == b"<" or content.startswith(_BOMS):
        return scanned(io.BytesIO(content), where, name)
    return {}  # a picture


def _plain_sheet(xml: bytes, where: str) -> Extent | None:
    """Survey a member by regular expressions, None where it is not written plainly enough."""
    if not _PLAIN_HEAD.match(xml) or not xml.rstrip().endswith((b"</worksheet>", b"</sst>")):
        return None
    if _has_pair(xml, b":c") and _PREFIXED_CELL.search(xml):
        return None
    if not any(
        columns * rows <= MAX_SHEET_CELLS and not other.search(xml)
        for (columns, rows), other in _OTHER_CELL.items()
    ):
        return None
    extent = Extent(where)
    if not _has_pair(xml, b"<f") and not (_has_pair(xml, b'"e') and b't="e"' in xml):
        return extent
    return extent if _find_valueless(xml, extent) else None


def _has_pair(xml: bytes, pair: bytes) -> bool:
    """Say whether two bytes stand side by side, eight times as quickly as `in` does."""
    wanted = np.frombuffer(pair, np.uint16)[0]
    for begin, odd in product(range(0, len(xml), _PIECE), (0, 1)):
        count = min(_PIECE, len(xml) - begin - odd) // 2
        if (np.frombuffer(xml, np.uint16, max(0, count), begin + odd) == wanted).any():
            return True
    return False


def _find_valueless(xml: bytes, extent: Extent) -> bool:
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
