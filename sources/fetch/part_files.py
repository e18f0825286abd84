"""The files of a snapshot's parts: their names, their bodies on disk, and recorded answers."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from model.errors import SourceError
from model.util.disk import atomic_write
from model.util.text import slug
from sources.base import FetchPart, Request, SourceFile
from sources.limits import MAX_FILES
from sources.urls import file_url, path_of_file_url, safe_url

_MAX_HEADER_CHARS = 500


def write_body(
    target: Path, pieces: Iterable[bytes], request: Request, headers: Mapping[str, str]
) -> SourceFile:
    """Write a body in `pieces` to `target`, and return its file, which a power cut may damage.

    Of the `request` and the response's `headers` (lower-case names) it keeps what a record needs.

    Raises:
        StoreError: the disk is full, read-only or forbidden.
    """
    digest, size = hashlib.sha256(), 0
    with atomic_write(target, lasting=False) as staging, staging.open("wb") as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    kept = {name: value[:_MAX_HEADER_CHARS] for name, value in headers.items()}
    return SourceFile(
        target.name, target, safe_url(request.url), digest.hexdigest(), size,
        kept.get("content-type", ""), kept.get("etag"), kept.get("last-modified"),
    )


_GLOB = frozenset("*?[")


def is_pattern(path: str) -> bool:
    """Whether a path is a glob."""
    return not _GLOB.isdisjoint(path)


def part_name(path: str, taken: set[str], default_suffix: str = ".dat") -> str:
    """Return a safe name for the part of a file or URL with a `path`, and add it to those `taken`.

    `default_suffix` is for paths without a plain ending of their own.
    """
    pure = PurePosixPath(path)
    suffix = slug(pure.suffix)
    stem = slug(pure.stem)[:80] or "part"
    ending = f".{suffix}" if 0 < len(suffix) <= 8 else default_suffix
    name, count = stem + ending, 1
    while name in taken:
        count += 1
        name = f"{stem}-{count}{ending}"
    taken.add(name)
    return name


def recorded_files(files: Sequence[str], get: FetchPart) -> Iterator[SourceFile]:
    """Fetch by `get` the `files` that paths and globs name, in order, each once.

    A transport answers a glob with a list of `file:` URLs, one a line; that list is no part of
    the snapshot.

    Raises:
        SourceError: a glob matches no file, or too many.
    """
    urls: dict[str, None] = {}
    for number, pattern in enumerate(files, start=1):
        if not is_pattern(pattern):
            urls[file_url(pattern)] = None
            continue
        listing = get(f"listing-{number:04d}.txt", Request("file:" + pattern))
        urls.update(dict.fromkeys(listing.path.read_text(encoding="utf-8").splitlines()))
    if len(urls) > MAX_FILES:
        raise SourceError(
            f"{len(urls)} files; {MAX_FILES} are allowed", where=", ".join(files),
            todo="make the pattern narrower",
        )
    taken: set[str] = set()
    for url in urls:
        yield get(part_name(path_of_file_url(url), taken), Request(url))
