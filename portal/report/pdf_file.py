"""The report as PDF, by fpdf2: pure Python, so that a fresh machine needs nothing but its wheel.

WeasyPrint needs Pango of the system, and Chromium is not on every machine; neither gives the same
bytes with another version of the system's libraries. Margins and the place of the page number are
those of official documents (Decree 30/2020/NĐ-CP, Annex I).
"""

from collections.abc import Sequence
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from portal.report.blocks import Block, Charts, TableBlock, TextBlock
from portal.report.drawing import BOLD, REGULAR, Point, draw, size_of

LEFT, RIGHT, TOP, BOTTOM = 30.0, 15.0, 20.0, 20.0  # mm
_FAMILY = "report"
_SIZES = {"h1": 16.0, "h2": 13.5, "h3": 12.5, "p": 12.0, "li": 12.0}
_TABLE, _CODE, _SMALL = 9.0, 7.0, 10.0  # points
_LINE = 1.35 * 25.4 / 72  # mm of a line for each point of its size
_BORDER, _GROUND = "#8a9296", "#eef2f3"  # of tables, and of their headings
_ALIGN = {"n": "RIGHT", "code": "LEFT", "": "LEFT"}


class _Document(FPDF):
    """A4 pages with their number at the top, from the second one on."""

    def header(self) -> None:
        """Write the page's number."""
        if self.page_no() > 1:
            self.set_font(_FAMILY, "", _SMALL)
            self.set_y(10)
            self.cell(0, 5, str(self.page_no()), align="C")
            self.set_y(TOP)


def pdf(blocks: Sequence[Block], title: str, language: str, made: datetime) -> bytes:
    """Return a report as PDF.

    Args:
        blocks: what it says.
        title: of the document, for its properties.
        language: of its text.
        made: its date, also in its properties.
    """
    document = _Document(format="A4")
    document.set_margins(LEFT, TOP, RIGHT)
    document.set_auto_page_break(True, BOTTOM)
    document.add_font(_FAMILY, "", REGULAR)
    document.add_font(_FAMILY, "B", BOLD)
    document.set_title(title)
    document.set_lang(language)
    document.set_creation_date(made)
    document.set_producer("OpenIndicators")
    document.add_page()
    for block in blocks:
        if isinstance(block, TextBlock):
            _write(document, block)
        elif isinstance(block, TableBlock):
            _write_table(document, block)
        else:
            _draw(document, block)
    return bytes(document.output())


def _write(document: FPDF, words: TextBlock) -> None:
    size = _SMALL if words.style == "small" else _SIZES[words.kind]
    bold = words.is_heading or words.style == "issuer"
    if words.is_heading:
        document.ln(2 if words.kind == "h1" else 4)
    if words.announces and document.will_page_break(40):
        document.add_page()  # they stay with what they announce
    if words.kind in ("h2", "h3"):
        document.start_section(words.text, level=0 if words.kind == "h2" else 1)
    document.set_font(_FAMILY, "B" if bold else "", size)
    if words.kind == "li":
        document.cell(5, size * _LINE, "–")
    document.multi_cell(
        0, size * _LINE, words.written,
        align="C" if words.is_centred else "J" if words.kind == "p" else "L",
        new_x=XPos.LMARGIN, new_y=YPos.NEXT,
    )
    document.ln(1.2)


def _write_table(document: FPDF, grid: TableBlock) -> None:
    document.set_font(_FAMILY, "", _TABLE)
    document.set_draw_color(_BORDER)
    document.set_fill_color("#ffffff")
    document.set_line_width(0.2)
    code = FontFace(size_pt=_CODE)
    with document.table(
        width=document.epw, align="LEFT", col_widths=grid.widths, line_height=_TABLE * _LINE,
        padding=0.8, borders_layout=TableBordersLayout.ALL, v_align="TOP",
        headings_style=FontFace(emphasis="BOLD", fill_color=_GROUND),
        text_align=tuple(_ALIGN[cell.style] for cell in grid.header),
    ) as table:
        for cells in (grid.header, *grid.rows):
            row = table.row()
            for cell in cells:
                row.cell(cell.text, style=code if cell.style == "code" else None)
    document.ln(3)


def _draw(document: FPDF, charts: Charts) -> None:
    """Draw charts, two beside each other where there are several."""
    across = charts.across
    width = (document.epw - 5 * (across - 1)) / across
    for start in range(0, len(charts.charts), across):
        beside = charts.charts[start : start + across]
        heights = [width / size_of(svg)[0] * size_of(svg)[1] for svg, _ in beside]
        document.set_font(_FAMILY, "", _SMALL)
        line = _SMALL * _LINE
        words_height = max(_height(document, width, line, words) for _, words in beside)
        if document.will_page_break(max(heights) + words_height + 4):
            document.add_page()
        top = document.get_y()
        for number, ((svg, words), height) in enumerate(zip(beside, heights, strict=True)):
            left = LEFT + number * (width + 5)
            draw(svg, _Page(document, left, top, width / size_of(svg)[0]))
            document.set_xy(left, top + height + 1)
            document.set_font(_FAMILY, "", _SMALL)
            document.set_text_color(0)
            document.multi_cell(width, line, words, align="L")
        document.set_xy(LEFT, top + max(heights) + words_height + 4)


def _height(document: FPDF, width: float, line: float, words: str) -> float:
    found = document.multi_cell(width, line, words, dry_run=True, output="HEIGHT", align="L")
    return float(str(found))  # typed as all that it can return


class _Page:
    """A place on a page to draw on."""

    def __init__(self, document: FPDF, left: float, top: float, scale: float) -> None:
        self._document, self._scale = document, scale
        self._left, self._top = left, top

    def _at(self, point: Point) -> Point:
        return self._left + point[0] * self._scale, self._top + point[1] * self._scale

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        self._document.set_draw_color(colour)
        self._document.set_line_width(width * self._scale)
        self._document.polyline([self._at(each) for each in points])

    def circle(self, centre: Point, radius: float, fill: str, stroke: str, width: float) -> None:
        self._document.set_draw_color(stroke)
        self._document.set_fill_color(fill)
        self._document.set_line_width(width * self._scale)
        x, y = self._at(centre)
        self._document.circle(x, y, radius * self._scale, style="DF")

    def rectangle(self, corner: Point, size: Point, fill: str) -> None:
        self._document.set_fill_color(fill)
        x, y = self._at(corner)
        if size[0]:
            self._document.rect(x, y, size[0] * self._scale, size[1] * self._scale, style="F")

    def text(self, at: Point, words: str, anchor: str, size: float, colour: str) -> None:
        self._document.set_font(_FAMILY, "", size * self._scale * 72 / 25.4)
        self._document.set_text_color(colour)
        x, y = self._at(at)
        back = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        self._document.text(x - back * self._document.get_string_width(words), y, words)
        self._document.set_text_color(0)
