"""The site's style: a file for most pages, and inside those pages that are shown sooner by that.

A page that has its style inside is shown after one answer. So that it fits into the first one of a
connection (14.6 kB compressed) it holds those parts of the style alone that it needs.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from model.reference.city import Theme, city

PARTS = Path(__file__).resolve().parent / "styles"
EXPLORER = Path(__file__).resolve().parent / "explorer" / "assets" / "explorer.css"
# The hash of the style that Observable Plot puts into each chart of class `explorer-plot`.
PLOT = "'sha256-9cMo81rWGX9nXsM+qvpfxB39aWbKvj1wnQN7LS1Kdjc='"
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)


@dataclass(frozen=True)
class Inside:
    """The style inside a page, and the Content-Security-Policy by which it may hold no other."""

    text: Markup
    policy: str


def whole() -> bytes:
    """Return the style that pages ask for, `assets/style.css`."""
    return _joined(*(PARTS / f"{name}.css" for name in ("base", "catalogue", "content"))).encode()


def of_home_page() -> Inside:
    """Return the style of the catalogue's first page."""
    return _inside(PARTS / "catalogue.css")


def of_explorer() -> Inside:
    """Return the style of the explorer."""
    return _inside(EXPLORER)


def _inside(part: Path) -> Inside:
    text = _COMMENT.sub("", _joined(PARTS / "base.css", part))
    text = text.strip()  # as the Nu HTML checker hashes it
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Inside(Markup(text), f"style-src 'self' 'sha256-{digest}' {PLOT}")  # noqa: S704 - ours


def _joined(*parts: Path) -> str:
    return "".join([*(part.read_text(encoding="utf-8") for part in parts), _colours()])


def _colours() -> str:
    """Return the rule that gives the site the city's colours; none for the usual ones."""
    theme = city().theme
    if theme == Theme():
        return ""
    return (
        "@media not (prefers-color-scheme: dark) {\n"  # in the dark, the usual ones can be read
        f":root {{ --sea: {theme.main}; --sea-dark: {theme.dark}; --sea-pale: {theme.pale};"
        f" --gold: {theme.accent}; }}\n}}\n"
    )
