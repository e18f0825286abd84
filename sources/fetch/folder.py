"""Transports over the files of a folder, and never over files outside it."""

from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from pathlib import Path

from model.errors import SourceError
from model.util.disk import is_inside
from model.util.hashing import sha256_file
from sources.base import Request, SourceFile, Transport, Validators
from sources.fetch.part_files import is_pattern, write_body
from sources.formats.payload import quoted
from sources.limits import MAX_FILES, MAX_TEXT_BYTES
from sources.urls import file_url, path_of_file_url, safe_url

_PIECE = 1 << 20


@dataclass(frozen=True)
class FolderTransport:
    """Carries `file:` requests; paths are relative to `root`.

    A path with `*`, `?` or `[` is answered with the `file:` URLs that it matches, one a line.
    """

    root: Path

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Copy the file to `target`, unless it is the one that `validators` name.

        Raises:
            SourceError: not a `file:` URL, no such file, or a file outside the folder.
        """
        if not request.url.startswith("file:"):
            raise SourceError(
                "this profile reads files only", where=safe_url(request.url),
                todo="give `files` instead, or choose a profile that may use the network",
            )
        # A glob is not percent-encoded: `?` and `[` belong to it.
        pattern = request.url.removeprefix("file:")
        if is_pattern(pattern):
            return write_body(target, [self._listing(pattern)], request, {})
        file = self._inside(path_of_file_url(request.url))
        try:
            if validators.etag and validators.etag == f'"{sha256_file(file)}"':
                return None
            modified = formatdate(file.stat().st_mtime, usegmt=True)
            source = file.open("rb")
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror}", where=str(file), todo="check its rights"
            ) from error
        with source:
            pieces = iter(partial(source.read, _PIECE), b"")
            copied = write_body(target, pieces, request, {"last-modified": modified})
        return replace(copied, etag=f'"{copied.sha256}"')

    def _inside(self, path: str) -> Path:
        _check_relative(path)
        file = self.root / path
        if not file.is_file():
            raise SourceError("there is no such file", where=str(file), todo="check `files`")
        if not self._contains(file):
            raise SourceError(
                "leads out of the folder", where=str(file), todo=f"put the file under {self.root}"
            )
        if file.stat().st_size > MAX_TEXT_BYTES:
            raise SourceError(f"is larger than {MAX_TEXT_BYTES} bytes", where=str(file))
        return file

    def _listing(self, pattern: str) -> bytes:
        _check_relative(pattern)
        found = []
        for path in self.root.glob(pattern):
            if path.is_file() and self._contains(path):
                found.append(file_url(path.relative_to(self.root).as_posix()))
            if len(found) > MAX_FILES:
                raise SourceError(
                    f"more than {MAX_FILES} files match", where=pattern,
                    todo="make the pattern narrower",
                )
        if not found:
            raise SourceError(
                f"no file matches {pattern!r}", where=str(self.root), todo="check `files`"
            )
        return "\n".join(sorted(found)).encode()

    def _contains(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())


def _check_relative(path: str) -> None:
    if not is_inside(path):
        raise SourceError(
            "is no path inside the folder", where=quoted(path) or "(empty)",
            todo="give a relative path without `..`",
        )


@dataclass(frozen=True)
class TransportByScheme:
    """Carries `file:` requests with `files`, and all others with `web`."""

    files: Transport
    web: Transport

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
        """Send the request with the transport of its scheme; see `Transport`."""
        chosen = self.files if request.url.startswith("file:") else self.web
        return chosen.send(request, validators, target)
