"""The quality report as a page of its own, for readers of other portals.

Both languages are in the one file; it opens in Vietnamese, and `#en` shows English, without script
and without network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.util.text import LANGUAGES, Bilingual
from portal.content import Content
from portal.distributions.base import WrittenFile
from portal.rendering.environment import render_template
from portal.rendering.quality_body import quality_body

title = Bilingual(vi="Báo cáo chất lượng (HTML)", en="Quality report (HTML)")
purpose = Bilingual(
    vi="Cùng báo cáo, để đọc: điểm, từng phép kiểm tra, các dòng không đạt, các dòng bị giữ lại.",
    en="The same report, to be read: scores, every check, the failing rows, the quarantined rows.",
)
TEMPLATES = Path(__file__).resolve().parent / "templates"

media_type = "text/html"
file_type = "HTML"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}-quality.html"


def package_properties(content: Content) -> dict[str, Any]:
    """Return nothing: the media type says it all."""
    return {}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the quality report of the release, as of the day it was issued."""
    parts = {language: _section(content, language) for language in LANGUAGES}
    page = render_template(
        TEMPLATES, "quality_page.html", "vi", title=content.dataset.title.vi, parts=parts
    )
    path.write_bytes(page)


def _section(content: Content, language: str) -> str:
    body = quality_body(content.names, content.report, content.quality, content, language)
    return render_template(
        TEMPLATES, "quality_section.html", language, dataset=content.dataset,
        release=content.release, v=body, dimensions=body["dimensions"],
    ).decode()
