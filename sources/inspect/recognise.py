"""Recognition of a file by its first bytes, never by its name alone."""

from collections.abc import Iterator
from dataclasses import replace
from glob import escape
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from model.errors import OpenIndicatorsError, ReadError
from sources.formats.cube.px import is_px, px_description
from sources.formats.json_text import load_json
from sources.formats.payload import check_archive, check_payload, is_zip, unpacked
from sources.inspect.files.documents import json_document, json_lines
from sources.inspect.files.markup import is_turtle, turtle_file, xml_file, yaml_file
from sources.inspect.files.text import text_file
from sources.inspect.files.workbook import workbook
from sources.inspect.finding import Found, NoTable, RecognisedTable, RefusedContent

_OLE = b"\xd0\xcf\x11\xe0"
_OWN_ARCHIVES = ("worldbank_bulk", "uis", "sdmx")  # connectors that find their member themselves


def recognise(path: Path, where: str) -> list[Found]:
    """Describe what a file holds: its tables, each with the reader and options that read it.

    Messages name it `where`; the ending of that name counts where the bytes at `path` are
    ambiguous.

    Raises:
        SourceError: damaged, a service's error, or of no known kind.
    """
    head = check_payload(path, where, "data")
    if is_zip(head):
        return _zip(path, where)
    if head.startswith(_OLE):
        return workbook(path, where)
    if head.startswith(b"PAR1"):
        return [RecognisedTable("files", "files parquet", {"format": "parquet"})]
    if head.startswith(b"ARROW1"):
        return [RecognisedTable("files", "files arrow", {"format": "arrow"})]
    return _text(path, where, head)


def _text(path: Path, where: str, head: bytes) -> list[Found]:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    suffix = Path(where).suffix.lower()
    if start.startswith((b"{", b"[")):
        lines = json_lines(path, where)
        return [lines] if lines else json_document(path, where)
    if start.startswith(b"<"):
        return [xml_file(path, where)]
    if suffix in (".json", ".geojson"):
        load_json(path, where)  # raises what is wrong with it
    if suffix in (".yaml", ".yml"):
        return [yaml_file(path, where)]
    if is_turtle(start):
        return [turtle_file(path)]
    if suffix == ".md":
        return [NoTable("text", "not a table: a text in Markdown")]
    if is_px(head):
        return [RecognisedTable("pxweb", "pxweb px", above=_px_lines(path, where))]
    return [text_file(path, where, head)]


def _px_lines(path: Path, where: str) -> tuple[str, ...]:
    """Return what a PX file says of its table; one that is damaged is refused when it is read."""
    try:
        return px_description(path, where)
    except ReadError:
        return ()


def _zip(path: Path, where: str) -> list[Found]:
    check_archive(path, where)
    try:
        with ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
    except BadZipFile as error:
        raise ReadError("is a damaged archive", where=where, todo="fetch it again") from error
    names = [each.filename for each in members]
    if "xl/workbook.xml" in names or "content.xml" in names or "xl/workbook.bin" in names:
        return workbook(path, where)
    found = [each for name in names for each in _member(path, where, name)]
    if not found:
        raise ReadError("is an archive without files", where=where, todo="fetch it again")
    return found


def _member(path: Path, where: str, name: str) -> Iterator[Found]:
    short = name.rpartition("/")[2]
    try:
        with unpacked(path, where, escape(short)) as (member, place):
            for each in recognise(member, place):
                label = f"{short}#{each.place}" if each.place else short
                if isinstance(each, RecognisedTable) and each.protocol not in _OWN_ARCHIVES:
                    options = {**each.options, "member": escape(short)}
                    yield replace(each, place=label, options=options)
                else:
                    yield replace(each, place=label)
    except OpenIndicatorsError as error:
        yield RefusedContent(" ".join(str(error).split()), short)
