"""The documents and the code that they speak of, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PRODUCT = ("model", "sources", "warehouse", "expectations", "portal", "assets", "pipelines")


@cache
def documents() -> dict[str, str]:
    """Return the text of every document for people, by its path in the project."""
    paths = [
        *PROJECT.glob("*.md"), *DOCS.rglob("*.md"),
        *(PROJECT / "dev").rglob("*.md"), *(PROJECT / "ckanext-openindicators").glob("*.md"),
    ]
    return {
        path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(paths)
    }


@cache
def product_code() -> str:
    """Return all Python code of the product."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for folder in PRODUCT for path in sorted((PROJECT / folder).rglob("*.py"))
    )
