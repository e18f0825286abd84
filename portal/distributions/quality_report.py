"""The quality report of a release: as JSON, and as a page of its own for other portals' readers.

The page holds every language; it opens in the first, and `#en` shows English, without script and
without network.
"""

from collections.abc import Sequence
from pathlib import Path

from model.util.hashing import pretty_json
from model.util.languages import default_language, languages
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.rendering.environment import render_template
from portal.rendering.quality_body import quality_body

TEMPLATES = Path(__file__).resolve().parent / "templates"


def _write_json(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    path.write_text(pretty_json(content.quality), encoding="utf-8")


def _write_page(content: Content, path: Path, _: Sequence[WrittenFile]) -> None:
    """Write the report as of the day on which the release was issued."""
    parts = {language: _section(content, language) for language in languages()}
    page = render_template(
        TEMPLATES, "quality_page.html", default_language(),
        title=content.dataset.title.get(default_language()), parts=parts,
    )
    path.write_bytes(page)


def _section(content: Content, language: str) -> str:
    body = quality_body(content.names, content.report, content.quality, content, language)
    return render_template(
        TEMPLATES, "quality_section.html", language, dataset=content.dataset,
        release=content.release, v=body, dimensions=body["dimensions"],
    ).decode()


quality_json = Distribution.described(
    "quality_json", _write_json, package_properties=lambda _: {"type": "json"},
)

quality_page = Distribution.described("quality_page", _write_page)
