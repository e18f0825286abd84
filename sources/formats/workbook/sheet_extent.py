"""How far the sheets of an .xlsx or .ods file reach, which cells have no value, what is hidden.

calamine keeps a sheet as a full rectangle: two cells, A1 and XFD1048576, make it request half a
terabyte and end the process, which no `except` can catch. And it returns an empty cell for `#REF!`
and for a formula that no program has calculated yet. Both are found here, before it reads.

What spreadsheet programs write is plain enough for regular expressions; anything else goes through
an XML parser, which is ten times as slow.
"""

import io
import posixpath
import re
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

from model.errors import ReadError
from sources.formats.payload import DAMAGED, quoted
from sources.formats.workbook.cells import column_number
from sources.formats.workbook.sheet_xml import NOT_CALCULATED, SOME_FIGURES, SheetExtent, scanned
from sources.limits import MAX_JSON_BYTES, MAX_SHEET_CELLS

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PLAIN_HEAD = re.compile(
    rb'\s*(<\?xml version="1\.0"( encoding="(UTF|utf)-8")?( standalone="\w+")?\s*\?>)?'
    rb"\s*<(worksheet|sst)[ >]"
)
# A cell beyond so many columns and rows, or written differently than programs write it.
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
_NOT_CALCULATED = re.compile(rb"<f(?=[\s/>])(?!(?:\s[^>]*)?(?:/>|>[^<]*</f>)<v>[^<])")
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)>'
    rb"(<f[^>]*/>|<f[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>|<v */>)?"
)
_HIDDEN_ROW = re.compile(
    rb'<row\s(?=[^>]*?\b(?:hidden="(?:1|true)"|ht="0(?:\.0*)?"))[^>]*?\br="([0-9]{1,7})"'
)
_HIDDEN_COLUMN = re.compile(
    rb'<col\s(?=[^>]*?\b(?:hidden="(?:1|true)"|width="0(?:\.0*)?"))'
    rb'(?=[^>]*?\bmin="([0-9]{1,5})")[^>]*?\bmax="([0-9]{1,5})"'
)
_ROW = re.compile(rb'<row\s[^>]*?\br="([0-9]{1,7})"')
# LibreOffice gives a sheet whose rows are formatted to their end the extent "1:69", without
# columns, which calamine refuses. The element is optional (ECMA-376-1, 18.3.1.35).
_EXTENT_OF_ROWS = re.compile(rb'<dimension ref="[0-9]+:[0-9]+"\s*/>')
_HEAD = 4_096  # bytes, in which it stands
_FIGURE = re.compile(
    rb'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?(?: t="n")?>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>[-0-9]'
)


def check_extent(path: Path, where: str, copy: Path | None = None) -> dict[str, SheetExtent]:
    """Check that no sheet reaches too far, and survey the cells.

    Args:
        path: the workbook.
        where: its name, for messages.
        copy: where to write the workbook as it was checked, unpacked: another reader of zips might
            see other members in `path`.

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
                    raise ReadError("occurs twice", where=place, todo="save it again")
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
    if member.file_size > MAX_JSON_BYTES:  # not kept in memory
        opened = copy.open(info, "w") if copy else nullcontext(io.BytesIO())
        with archive.open(member) as source, opened as target:
            shutil.copyfileobj(source, target)
        with archive.open(member) as source:
            return scanned(source, where, member.filename)
    data = archive.read(member)
    if copy:
        copy.writestr(info, _EXTENT_OF_ROWS.sub(b"", data[:_HEAD]) + data[_HEAD:])
    extent = _plain_sheet(data, where)
    if extent is not None:
        return {member.filename: extent}
    if data.lstrip()[:1] != b"<" and not data.startswith(_BOMS):  # a picture
        return {}
    return scanned(io.BytesIO(data), where, member.filename)


def _plain_sheet(xml: bytes, where: str) -> SheetExtent | None:
    """Survey a sheet by regular expressions, None where it is not written plainly enough."""
    is_whole = xml[-1_000:].rstrip().endswith((b"</worksheet>", b"</sst>"))
    if not is_whole or not _PLAIN_HEAD.match(xml) or _PREFIXED_CELL.search(xml):
        return None
    if not any(
        columns * rows <= MAX_SHEET_CELLS and not beyond.search(xml)
        for (columns, rows), beyond in _CELL_BEYOND.items()
    ):
        return None
    extent = SheetExtent(where)
    if b'hidden="' in xml or b' ht="0' in xml:
        extent.hidden_rows = [(int(row), int(row)) for row in _HIDDEN_ROW.findall(xml)]
    head = xml[: xml.find(b"<sheetData") + 1]
    extent.hidden_columns = [(int(low), int(high)) for low, high in _HIDDEN_COLUMN.findall(head)]
    extent.figures = sum(1 for _ in islice(_FIGURE.finditer(xml), SOME_FIGURES))
    last = _ROW.search(xml, max(0, xml.rfind(b"<row ")))
    extent.rows = int(last.group(1)) if last else 0
    if b't="e"' not in xml and not _NOT_CALCULATED.search(xml):
        return extent
    return extent if _find_valueless(xml, extent) else None


def _find_valueless(xml: bytes, extent: SheetExtent) -> bool:
    """Note errors and formulas without a value; False where some are written differently."""
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
    """Return the key under which `check_extent` has a `sheet`, "" when it is not found.

    `path` is the workbook, `where` names it in errors.

    Raises:
        ReadError: the workbook does not say which member is which sheet.
    """
    return sheet_members(path, where, [sheet]).get(sheet, "")


def sheet_members(path: Path, where: str, sheets: Sequence[str]) -> dict[str, str]:
    """Return the keys under which `check_extent` has the named `sheets` of the workbook `path`.

    Of a binary one (.xlsb) nothing is known. `where` is its name in errors.

    Raises:
        ReadError: the workbook does not say which member is which sheet.
    """
    with zipfile.ZipFile(path) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        if "content.xml" in names:
            return {sheet: f"{names['content.xml']}!{sheet}" for sheet in sheets}
        if "xl/workbook.bin" in names:
            return {}
        try:
            book = ElementTree.fromstring(archive.read(names["xl/workbook.xml"]))  # noqa: S314
            links = ElementTree.fromstring(  # noqa: S314 (`check_extent` refuses document types)
                archive.read(names["xl/_rels/workbook.xml.rels"])
            )
        except (KeyError, ElementTree.ParseError) as error:
            raise ReadError("lists no sheets", where=where, todo="save it again") from error
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    found: dict[str, str] = {}
    for each in book.iter():
        name = each.get("name", "")
        if each.tag.rpartition("}")[2] == "sheet" and name in sheets:
            ids = (value for key, value in each.items() if key.endswith("}id"))
            target = targets.get(next(ids, ""), "")
            member = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            found.setdefault(name, names.get(posixpath.normpath(member).lower(), ""))
    return found
