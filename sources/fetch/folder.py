"""Answers requests from the files of a folder, and never from outside it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path, PurePosixPath

from model.errors import SourceError
from model.util.disk import atomic_write
from model.util.hashing import sha256_file
from sources.base import Request, Response, Validators
from sources.fetch.recorded_files import is_pattern
from sources.fetch.urls import file_url, path_of_file_url, safe_url
from sources.formats.payload import quoted
from sources.limits import MAX_FILES, MAX_TEXT_BYTES


@dataclass(frozen=True)
class FolderTransport:
    """Carries `file:` requests; paths are relative to `root`.

    A path with `*`, `?` or `[` is answered with the `file:` URLs that it matches, one a line.
    """

    root: Path

    def send(self, request: Request, validators: Validators, target: Path) -> Response:
        """Copy the file to `target`, unless it is the one that `validators` names.

        Raises:
            SourceError: no `file:` URL, no such file, or a file outside the folder.
        """
        if not request.url.startswith("file:"):
            raise SourceError(
                "only files are read here", where=safe_url(request.url),
                todo="give `files` instead, or choose a profile that may use the network",
            )
        # A glob is not percent-encoded: `?` and `[` are its own marks.
        pattern = request.url.removeprefix("file:")
        if is_pattern(pattern):
            return self._listing(pattern, request, target)
        return self._file(path_of_file_url(request.url), request, validators, target)

    def _file(
        self, path: str, request: Request, validators: Validators, target: Path
    ) -> Response:
        _check_relative(path)
        file = self.root / path
        if not file.is_file():
            raise SourceError("there is no such file", where=str(file), todo="check `files`")
        if not self._is_inside(file):
            raise SourceError(
                "leads out of the folder", where=str(file), todo=f"put the file under {self.root}"
            )
        if file.stat().st_size > MAX_TEXT_BYTES:
            raise SourceError(f"is larger than {MAX_TEXT_BYTES} bytes", where=str(file))
        try:
            etag = f'"{sha256_file(file)}"'
            modified = formatdate(file.stat().st_mtime, usegmt=True)
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror}", where=str(file), todo="check its rights"
            ) from error
        headers = {"etag": etag, "last-modified": modified}
        if validators.etag == etag:
            return Response(request.url, 304, headers, None, not_modified=True)
        with atomic_write(target) as aside:
            shutil.copyfile(file, aside)
        return Response(request.url, 200, headers, target)

    def _listing(self, pattern: str, request: Request, target: Path) -> Response:
        _check_relative(pattern)
        found = []
        for path in self.root.glob(pattern):
            if path.is_file() and self._is_inside(path):
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
        text = "\n".join(sorted(found))
        with atomic_write(target) as aside:
            aside.write_text(text, encoding="utf-8")
        return Response(request.url, 200, {}, target)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())


def _check_relative(path: str) -> None:
    pure = PurePosixPath(path)
    if not path or "\0" in path or "\\" in path or pure.is_absolute() or ".." in pure.parts:
        raise SourceError(
            "is no path inside the folder", where=quoted(path) or "(empty)",
            todo="give a relative path without `..`",
        )
