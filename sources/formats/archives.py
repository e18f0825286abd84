"""Zip archives and gzip files: one member at a time, bounded, under a file name of our own."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from model.errors import ReadError
from sources.formats.payload import quoted
from sources.limits import (
    ARCHIVE_RATIO_FROM,
    MAX_ARCHIVE_MEMBERS,
    MAX_ARCHIVE_RATIO,
    MAX_TEXT_BYTES,
)

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
    """Unpack a gzip file, for as long as the context lasts.

    Args:
        path: the file.
        where: its name, for messages.
        suffix: the ending of the unpacked file.

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
    """Check the size of an archive before another reader opens it (a workbook is a zip).

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


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, where: str
) -> None:
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
