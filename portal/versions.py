"""Versions of what makes downloads and pages, so that a change of code, texts or names republishes.

They are checksums over files: nobody has to remember to count a number up.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model.reference.city import city
from model.reference.registries import Registries
from model.util.hashing import sha256_file, sha256_json

PORTAL = Path(__file__).resolve().parent
_DOWNLOADS = ("*.py", "*.yaml", "metadata/*.*", "rendering/**/*.*", "distributions/**/*.*")
_PAGES = (
    *_DOWNLOADS, "api/*.*", "attach/*.*", "changes/**/*.*", "charts/*.*", "libraries/*.*",
    "site/**/*.*", "site_folder/*.*", "targets/**/*.*", "report/registry.py",
)
_QUALITY = (*_DOWNLOADS, "quality/**/*.*", "../model/records/*.py")


@dataclass(frozen=True)
class Versions:
    """Checksums over code and registries."""

    distributions: str  # what makes the downloads
    site: str  # what makes the pages; covers the downloads too
    quality: str  # what makes the pages about quality


def current(registries: Registries, base_url: str | None = None) -> Versions:
    """Return the versions of this code with the city in use, these `registries` and the `base_url`.
    """
    known = registries.model_dump(mode="json")
    targets = known.pop("targets")  # in pages, not in downloads
    names = sha256_json([known, city().model_dump(mode="json")])
    return Versions(
        distributions=sha256_json([_code(_DOWNLOADS), names]),
        site=sha256_json([_code(_PAGES), names, targets, base_url]),
        quality=sha256_json([_code(_QUALITY), names]),
    )


@cache
def _code(patterns: tuple[str, ...]) -> str:
    paths = sorted({path for pattern in patterns for path in PORTAL.glob(pattern)})
    return sha256_json({
        os.path.relpath(path, PORTAL): sha256_file(path)
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    })
