"""Whether a payload is what it should be: empty files, HTML pages and error bodies are not.

Also a source's words that a message may quote, bounded and on one line, and zip archives and gzip
files: one member at a time, bounded, under a file name of our own.
"""

import gzip
import html
import json
import re
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from model.errors import ReadError
from sources.limits import (
    ARCHIVE_RATIO_FROM,
    HEAD_BYTES,
    MAX_ARCHIVE_MEMBERS,
    MAX_ARCHIVE_RATIO,
    MAX_QUOTED_CHARS,
    MAX_TEXT_BYTES,
)

_HTML_START = re.compile(
    rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def quoted(text: str, limit: int = MAX_QUOTED_CHARS) -> str:
    """Return a source's own words (`text`) on one line, at most `limit` characters, no controls."""
    one_line = " ".join(text.split())
    visible = "".join(c for c in one_line if not unicodedata.category(c).startswith("C"))
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def is_html(head: bytes) -> bool:
    """Whether a payload begins as an HTML page does."""
    return _HTML_START.match(_without_bom(head).replace(b"\0", b"")) is not None


def is_json(head: bytes) -> bool:
    """Whether a payload begins as a JSON object or array does."""
    return _without_bom(head).lstrip().startswith((b"{", b"["))


def html_title(head: bytes) -> str:
    """Return the title of an HTML page, "" when it has none in its beginning."""
    found = _TITLE.search(head.replace(b"\0", b""))
    return quoted(html.unescape(found.group(1).decode("utf-8", "replace"))) if found else ""


def words_of(body: bytes) -> str:
    """Return what an error body says: its message in JSON, its title in HTML, or its text."""
    if is_html(body):
        title = html_title(body)
        return f"an HTML page titled {title!r}" if title else "an HTML page"
    try:
        return message_in(json.loads(body)) or quoted(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return quoted(body.decode("utf-8", "replace"))


def message_in(value: Any) -> str:
    """Return the message in a JSON error body, "" when it has none.

    Knows the World Bank's `[{"message": [{"key", "value"}]}]`, and `message`, `error`, `detail`
    and `title` at the top, as text or as an object with such a field; and CKAN's lists by field.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return ""
    for key in ("message", "Message", "error", "detail", "title"):
        found = value.get(key)
        if isinstance(found, str) and found:
            return quoted(found)
        if isinstance(found, dict):
            said = message_in(found) or _fields_in(found)
            if said:
                return said
        if isinstance(found, list):
            texts = (f"{m.get('key')}: {m.get('value')}" for m in found if isinstance(m, dict))
            unique = list(dict.fromkeys(texts))
            if unique:
                return quoted("; ".join(unique))
    return ""


def saying(value: Any) -> str:
    """Return the message in a JSON body as the end of a sentence: "; it says: …", or ""."""
    said = message_in(value)
    return f"; it says: {said}" if said else ""


def _fields_in(error: dict[str, Any]) -> str:
    """Return CKAN's `{"__type": "Validation Error", field: [what is wrong]}` in words."""
    kind = error.get("__type")
    if not isinstance(kind, str):
        return ""
    wrong = (
        f"{field}: {' '.join(map(str, said)) if isinstance(said, list) else said}"
        for field, said in error.items() if field != "__type"
    )
    return quoted(f"{kind}: {'; '.join(wrong)}")


def check_payload(path: Path, where: str, expected: str) -> bytes:
    """Check that the payload in `path`, named `where`, can be what is `expected`, e.g. "CSV".

    Return its first bytes.

    Raises:
        ReadError: cannot be read, is empty, or is an HTML page.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            more = file.read(1)
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror}", where=where, todo="check the file"
        ) from error
    if not head:
        raise ReadError(
            "is empty (0 bytes)", where=where, todo="fetch it again, or ask the publisher"
        )
    if not more and not _without_bom(head).strip(b"\0 \t\r\n"):
        raise ReadError(
            "contains only blanks or a byte order mark", where=where,
            todo="fetch it again, or ask the publisher",
        )
    if is_html(head):
        title = html_title(head)
        raise ReadError(
            f"is an HTML page, not {expected}" + (f" (its title: {title!r})" if title else ""),
            where=where, todo="open it in a browser: the address may have moved or require a login;"
            " if it shows the table, save that as .xlsx or .csv with a spreadsheet program",
        )
    return head


def _without_bom(data: bytes) -> bytes:
    for bom in _BOMS:
        data = data.removeprefix(bom)
    return data


_PIECE = 1 << 20

# What zipfile raises for a damaged archive; the last for a member's name.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, UnicodeDecodeError)


def is_zip(head: bytes) -> bool:
    """Whether a payload begins as a zip archive does."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


@contextmanager
def unpacked(path: Path, where: str, pattern: str) -> Iterator[tuple[Path, str]]:
    """Unpack the one member that matches `pattern`, for as long as the context lasts.

    Args:
        path: the archive.
        where: its name, for messages.
        pattern: a glob on the member's name, without its folders. `!` in front of a further
            pattern, after a blank, leaves members out: `*.csv !Metadata*`.

    Returns:
        The member's file (never named by the archive) and its name for messages.

    Raises:
        ReadError: damaged, too large, too many members, encrypted, or no single match.
    """
    with _opened(path, where) as archive, tempfile.TemporaryDirectory() as folder:
        member = _only_match(archive, pattern, where)
        name = member.filename.rpartition("/")[2]
        place = f"{where}!{quoted(name, 100)}"
        target = Path(folder) / f"member{_suffix(name)}"
        _unpack(archive, member, target, place)
        yield target, place


def is_gzip(head: bytes) -> bool:
    """Whether a payload begins as a gzip file does."""
    return head.startswith(b"\x1f\x8b\x08")


@contextmanager
def ungzipped(path: Path, where: str, suffix: str) -> Iterator[Path]:
    """Unpack the gzip file `path`, named `where`, to a file with a `suffix`, within the context.

    Raises:
        ReadError: damaged, cut off, or too large.
    """
    packed = max(1, path.stat().st_size)
    written = 0
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"member{_suffix(suffix)}"
        try:
            with gzip.open(path) as source, target.open("wb") as file:
                while piece := source.read(_PIECE):
                    written += len(piece)
                    _check_size(packed, written, where)
                    file.write(piece)
        except (gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
            raise ReadError(
                f"is a damaged or cut-off gzip file: {quoted(str(error))}", where=where,
                todo="fetch it again",
            ) from error
        yield target


def _check_size(packed: int, unpacked_size: int, where: str) -> None:
    if unpacked_size > MAX_TEXT_BYTES or (
        unpacked_size > ARCHIVE_RATIO_FROM and unpacked_size / packed > MAX_ARCHIVE_RATIO
    ):
        raise ReadError(
            f"would unpack {packed} bytes to {unpacked_size}", where=where,
            todo="ask the publisher: archives that fill a disk are made this way",
        )


def check_archive(path: Path, where: str) -> None:
    """Check the size of the archive at `path` before another reader opens it (a workbook is a zip).

    `where` names it in errors.

    Raises:
        ReadError: damaged or too large.
    """
    with _opened(path, where):
        pass


@contextmanager
def _opened(path: Path, where: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGED, ValueError) as error:
        raise ReadError(
            f"is a damaged or cut-off archive: {quoted(str(error))}", where=where,
            todo="fetch it again",
        ) from error
    with archive:
        members = archive.infolist()
        if len(members) > MAX_ARCHIVE_MEMBERS:
            raise ReadError(
                f"has {len(members)} members; {MAX_ARCHIVE_MEMBERS} are allowed", where=where
            )
        total = sum(member.file_size for member in members)
        _check_size(max(1, path.stat().st_size), total, where)
        yield archive


def _only_match(archive: zipfile.ZipFile, pattern: str, where: str) -> zipfile.ZipInfo:
    wanted, *unwanted = pattern.split(" !")
    found = []
    for member in archive.infolist():
        name = member.filename.rpartition("/")[2].lower()
        if not name or any(fnmatchcase(name, each.lower()) for each in unwanted):
            continue
        if fnmatchcase(name, wanted.lower()):
            found.append(member)
    if len(found) == 1:
        return found[0]
    names = ", ".join(quoted(m.filename, 60) for m in (found or archive.infolist())[:10])
    raise ReadError(
        f"{len(found) or 'no'} members match {pattern!r} (there are: {names})", where=where,
        todo="declare the `member` to read",
    )


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return suffix if suffix[1:].isalnum() and len(suffix) <= 9 else ""


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, where: str) -> None:
    if member.flag_bits & 0x1:
        raise ReadError("is encrypted", where=where, todo="ask the publisher for an open file")
    written = 0
    try:
        with archive.open(member) as source, target.open("wb") as file:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > min(member.file_size, MAX_TEXT_BYTES):
                    raise ReadError("is larger than the archive says", where=where)
                file.write(piece)
    except DAMAGED as error:
        raise ReadError(
            f"cannot be unpacked: {quoted(str(error))}", where=where, todo="fetch it again"
        ) from error
