"""Fingerprints of what a built part depends on, and files for their owner alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from model.errors import PortalError
from model.util.disk import atomic_write


def fingerprint(*parts: str | Path) -> str:
    """Return a sha-256 over texts and the contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def is_stamped(stamp: Path, value: str) -> bool:
    """Return whether the part beside this stamp was finished with exactly this fingerprint."""
    return stamp.is_file() and stamp.read_text() == value


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    with atomic_write(path, PortalError) as staging:
        staging.touch(mode=0o600, exist_ok=False)
        staging.write_text(text)
