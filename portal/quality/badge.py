"""An SVG badge with a dataset's grade, for embedding in other pages."""

from html import escape

from model.records.scorecard import Scorecard
from model.util.text import LocalizedText
from portal.rendering.formatting import points

# Dark enough for white letters (WCAG 2.2, contrast 4.5:1).
COLOURS = {"A": "#1f6b3a", "B": "#4a6a1f", "C": "#8a5200", "D": "#a8481c", "E": "#a32020"}
_UNKNOWN = "#51636a"
_LABEL = LocalizedText(vi="chất lượng", en="quality")
_NONE = LocalizedText(vi="chưa có", en="not yet")
_CHAR, _HEIGHT, _PAD = 6.8, 22, 9


def badge(card: Scorecard | None, language: str) -> bytes:
    """Draw the badge of a dataset's scorecard (`card`) in a `language`; without one it says so."""
    label = _LABEL.get(language)
    value = f"{card.grade} · {points(card.total, language)}" if card else _NONE.get(language)
    colour = COLOURS[card.grade] if card else _UNKNOWN
    left, right = _width(label), _width(value)
    text = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}"'
        f' role="img" aria-label="{text}" font-family="Verdana,DejaVu Sans,sans-serif"'
        f' font-size="11.5" fill="#fff" text-anchor="middle"><title>{text}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="4" fill="#16282d"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v{_HEIGHT - 8}a4 4 0 0 1-4 4H{left}z"'
        f' fill="{colour}"/><text x="{left / 2:g}" y="15">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="15" font-weight="bold">{escape(value)}</text></svg>\n'
    ).encode()


def _width(text: str) -> int:
    return round(len(text) * _CHAR) + 2 * _PAD
