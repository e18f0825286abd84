"""The report of one release in one language, for the file beside the dataset on any portal."""

from __future__ import annotations

from portal.content import Content
from portal.quality.view import view
from portal.site.pages import render_template


def in_language(content: Content, language: str) -> str:
    """Return the release's quality as a section of HTML."""
    shown = view(content.names, content.report, content.quality, content, language)
    return render_template(
        "quality_file.html", language, dataset=content.dataset, release=content.release,
        v=shown, box=shown["box"], grade_of=shown["grade_of"], dimensions=shown["dimensions"],
    ).decode()
