"""The text of a report between the page of HTML and the other formats: its blocks, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from portal.report.drawing import SVG, size_of

# Shares of the text's width, by the class of a table; others share it alike but for the first.
WIDTHS: dict[str, tuple[int, ...]] = {
    "targets": (7, 30, 13, 13, 17, 13, 17),
    "indicators": (31, 13, 17, 11, 13, 22),
    "releases": (6, 40, 16, 38),
    "figures": (30, 34, 21, 15),
    "": (40, 10, 10, 10, 10, 10, 10),
}


@dataclass(frozen=True)
class TextBlock:
    """A heading, a paragraph or an item of a list.

    kind: `h1` to `h3`, `p` or `li`.
    style: the class of a paragraph: issuer, centre, notice or small; else "".
    """

    kind: Literal["h1", "h2", "h3", "p", "li"]
    text: str
    style: str = ""

    @property
    def written(self) -> str:
        """The text as it is written: the issuer's name in capitals."""
        return self.text.upper() if self.style == "issuer" else self.text

    @property
    def is_heading(self) -> bool:
        """Whether it is a heading."""
        return self.kind in ("h1", "h2", "h3")

    @property
    def is_centred(self) -> bool:
        """Whether it stands in the middle."""
        return self.kind == "h1" or self.style in ("issuer", "centre")

    @property
    def announces(self) -> bool:
        """Whether it stays on a page with what follows it."""
        return self.is_heading or self.text.endswith(":")


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `style` is `n` for numbers, `code` for checksums, else ""."""

    text: str
    style: str


@dataclass(frozen=True)
class TableBlock:
    """A table: its names of columns, its rows, and its columns' widths as shares."""

    header: list[Cell]
    rows: list[list[Cell]]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Charts:
    """Charts that stand beside each other, or one that takes the whole width."""

    charts: list[tuple[ElementTree.Element, str]]

    @property
    def across(self) -> int:
        """How many stand beside each other."""
        return 2 if len(self.charts) > 1 or size_of(self.charts[0][0])[0] < 500 else 1


Block = TextBlock | TableBlock | Charts


def blocks_of(html: str) -> Iterator[Block]:
    """Yield the blocks of a report's page.

    Raises:
        ElementTree.ParseError: the page is not well-formed; it is our own template that is wrong.
    """
    found = re.search(r"<main>.*</main>", html, re.DOTALL)
    main = ElementTree.fromstring(found[0] if found else "")  # noqa: S314 (our own template)
    for each in main:
        style = each.get("class", "")
        if each.tag in ("h1", "h2", "h3", "p"):
            yield TextBlock(each.tag, _text(each), style)  # type: ignore[arg-type]
        elif each.tag == "ul":
            for item in each:
                yield TextBlock("li", _text(item))
        elif each.tag == "table":
            header, *rows = [
                [Cell(_text(cell), cell.get("class", "")) for cell in row]
                for row in each.iter("tr")
            ]
            yield TableBlock(header, rows, WIDTHS[style])
        elif each.tag == "figure":
            yield Charts([_chart(each)])
        elif style == "charts":
            yield Charts([_chart(figure) for figure in each])
        else:
            raise ValueError(f"the report has an element {each.tag!r}, which no format knows")


def _chart(figure: ElementTree.Element) -> tuple[ElementTree.Element, str]:
    svg, caption = figure.find(f"{SVG}svg"), figure.find("figcaption")
    if svg is None or caption is None:
        raise ValueError("a figure of the report lacks its chart or its caption")
    return svg, _text(caption)


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())
