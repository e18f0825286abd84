"""Versions of what makes the site, so that a change of code, words or names republishes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model.reference.registries import Registries
from model.util.hashing import sha256_bytes, sha256_file, sha256_json

PORTAL = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Versions:
    """Checksums over code and registries."""

    distributions: str  # what makes the downloads
    site: str  # what makes the pages; covers the downloads too


def current(registries: Registries) -> Versions:
    """Return the versions of this code with these registries."""
    names = sha256_json(registries)
    downloads = sha256_bytes((_code("*.py", "distributions/*.*") + names).encode())
    pages = _code("*.py", "distributions/*.*", "site/**/*.*") + names
    return Versions(distributions=downloads, site=sha256_bytes(pages.encode()))


@cache
def _code(*patterns: str) -> str:
    paths = sorted({path for pattern in patterns for path in PORTAL.glob(pattern)})
    files = {
        path.relative_to(PORTAL).as_posix(): sha256_file(path)
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sha256_json(files)
