"""Checksums: one way to hash bytes, files and JSON, so that the same content has one name."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from model.util.newest import Newest

SEAL = "checksum"
_SMALL = 1 << 20  # bytes: to make room for pieces takes longer than to read them
_LARGE = 1 << 24  # bytes: to hash them takes longer than a tick, 10 ms at most
_State = tuple[int, int, int]  # size, time and inode of a file
_known: Newest[Any, str] = Newest(100_000)  # checksums of files
# No other white space: a newline of which a bit is flipped is a vertical tab.
_SEALED = re.compile(rb'(.*),[ \n]*"checksum": ?"([0-9a-f]{64})"[ \n]*}[ \n]*', re.DOTALL)


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """Return the SHA-256 of a file; a large one is read in pieces."""
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size < _SMALL:
            return sha256_bytes(file.read())
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_once(path: Path | str) -> str:
    """Return the SHA-256 of a file, hashed again in this process only when it was written to.

    That shows in its size, time or inode; a file that decays on the disk is seen by the next
    process. A large file is known again under another name, as a hard link or renamed; a small one
    is not, because an inode may be used again within a tick of the file system's clock. Raises
    OSError where the file cannot be read.
    """
    place, state = _state(path)
    return _known.of(place, state, lambda: sha256_file(path))


def linked(source: Path, target: Path) -> None:
    """Let `sha256_once` know `target`, a hard link of the file `source`, as it knows that.

    Raises OSError where one cannot be read.
    """
    place, state = _state(source)
    known = _known.get(place)
    if known is not None and known[0] == state:
        place, state = _state(target)
        _known[place] = state, known[1]


def _state(path: Path | str) -> tuple[Any, _State]:
    found = os.stat(path)
    is_large = found.st_size >= _LARGE
    place = (found.st_dev, found.st_ino) if is_large else os.fspath(path)
    return place, (found.st_size, found.st_mtime_ns, found.st_ino)


def has_checksum(path: Path | str, sha256: str) -> bool:
    """Whether the file at `path` is there and has a checksum (`sha256`, 64 hex digits).

    The file is read as by `sha256_once`.
    """
    try:
        return sha256_once(path) == sha256
    except OSError:
        return False


def sealed(text: str) -> str:
    """Return a JSON object's `text` with the checksum of its own bytes as the last field.

    A record that no other record has the checksum of shows by it that a bit was flipped.
    """
    head = text.rstrip().removesuffix("}").rstrip()
    checksum = sha256_bytes(head.encode())
    if "\n" in head:
        return f'{head},\n  "{SEAL}": "{checksum}"\n}}\n'
    return f'{head},"{SEAL}":"{checksum}"}}'


def unsealed(data: bytes) -> bytes:
    """Return the JSON object that `sealed` was given; one without a checksum is returned as it is.

    Raises ValueError where the bytes are not those that the checksum is of.
    """
    found = _SEALED.fullmatch(data)
    if found is None:  # written before records had one, or by hand
        return data
    if sha256_bytes(found[1]) != found[2].decode():
        raise ValueError("it was changed after it was written: its checksum is another")
    return found[1] + b"}"


def canonical_json(value: Any) -> str:
    """Return JSON in one spelling: sorted keys, no blanks, UTF-8."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical_object(members: Mapping[str, str]) -> str:
    """Return the canonical JSON of an object whose `members` are canonical JSON already."""
    return "{" + ",".join(f"{canonical_json(key)}:{members[key]}" for key in sorted(members)) + "}"


def canonical_list(items: Iterable[str]) -> str:
    """Return the canonical JSON of a list whose `items` are canonical JSON already."""
    return f"[{','.join(items)}]"


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return sha256_bytes(canonical_json(value).encode())


def pretty_json(value: Any) -> str:
    """Return JSON for a file that people may open: sorted keys, indented, ends with a newline."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    # Seven times as fast as json.dumps, which has an indent only in Python, with the same text.
    encoded = msgspec.json.encode(value, order="sorted")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
