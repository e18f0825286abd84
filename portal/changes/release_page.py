"""The page of one release, in every language on one page: to cite, and to see what was public then.

It stays at its address when a newer release comes, and says so.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from model.util.languages import default_language, languages
from portal.changes.change_set import FILE
from portal.changes.offered import OfferedRelease
from portal.content import Content
from portal.rendering.environment import render_template
from portal.rendering.formatting import day
from portal.vocabulary import STRUCTURE

TEMPLATES = Path(__file__).resolve().parent / "templates"
PAGE = "index.html"


def render(
    content: Content, item: OfferedRelease, rows: Mapping[str, list[dict[str, Any]]],
    base_url: str | None,
) -> bytes:
    """Render the page of the release `item`, opened as `content`.

    `rows` are the first ones of its data as text, by language; none where they may not be shown.
    `base_url` is the site's address on the web with a slash at the end, if known.
    """
    root = "../" * item.folder.count("/")
    address = (base_url or "") + item.folder
    sections = {
        language: Markup(render_template(  # noqa: S704 (a template of ours, escaped already)
            TEMPLATES, "release_section.html", language, root=root, content=content,
            dataset=content.dataset, item=item, release=item.release, rows=rows.get(language),
            columns=content.published_columns, first=language == default_language(),
            change_set=FILE, structure_words=STRUCTURE, base_url=base_url,
            citation=_citation(content, item, address, language),
        ).decode())
        for language in languages()
    }
    return render_template(
        TEMPLATES, "release.html", default_language(), root=root, dataset=content.dataset,
        item=item, sections=sections, address=address, base_url=base_url,
        bibtex=_bibtex(content, item, address),
    )


def _citation(content: Content, item: OfferedRelease, address: str, language: str) -> str:
    """Return how the release is cited in a `language`: who, what, which version, when, where."""
    title = content.dataset.title.get(language)
    issued = day(item.release.issued, language)
    return f"{content.publisher.name.get(language)}. {title}, {item.version}, {issued}. {address}"


def _bibtex(content: Content, item: OfferedRelease, address: str) -> str:
    """Return the release as an entry of a bibliography, in the city's first language."""
    language, dataset = default_language(), content.dataset
    fields = {
        "author": f"{{{_tex(content.publisher.name.get(language))}}}",
        "title": f"{{{_tex(dataset.title.get(language))}}}",
        "year": f"{item.release.issued.year}",
        "version": item.version,
        "url": address,
    }
    body = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{dataset.sector}-{dataset.name}-{item.version}{body}\n}}"


def _tex(text: str) -> str:
    """Return text without the signs that mean something to TeX."""
    return "".join("" if char in "{}\\" else f"\\{char}" if char in "&%$#_" else char
                   for char in text)
