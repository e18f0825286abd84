"""The report as DOCX, by python-docx: to be edited, numbered and signed by those who issue it.

Font, size, margins and the place of the page number are those of official documents (Decree
30/2020/NĐ-CP, Annex I).
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor

from portal.report.blocks import Block, Cell, Charts, TableBlock, TextBlock
from portal.report.drawing import picture

FONT = "Times New Roman"
WIDTH = 165  # mm of a line
_SIZES = {"h1": 16, "h2": 14, "h3": 13, "p": 13, "li": 13}
_STYLES = {"h1": "Title", "h2": "Heading 1", "h3": "Heading 2", "p": "Normal", "li": "List Bullet"}
_TABLE, _CODE, _SMALL = 10, 7, 11
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time of a zip archive


def word(blocks: Sequence[Block], title: str, language: str, made: datetime) -> bytes:
    """Return a report as DOCX; arguments as for `portal.report.pdf_file.pdf`."""
    document = docx.Document()
    _set_page(document)
    _set_styles(document, language)
    properties = document.core_properties
    properties.title, properties.language, properties.author = title, language, ""
    properties.comments, properties.last_modified_by, properties.revision = "", "", 1
    properties.created = properties.modified = made.astimezone(UTC).replace(tzinfo=None)
    for block in blocks:
        if isinstance(block, TextBlock):
            _write(document, block)
        elif isinstance(block, TableBlock):
            _write_table(document, block)
        else:
            _insert(document, block)
    target = io.BytesIO()
    document.save(target)
    return _repeatable(target.getvalue())


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.top_margin = section.bottom_margin = Mm(20)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = number.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)


def _set_styles(document: Any, language: str) -> None:
    for kind, name in _STYLES.items():
        style = document.styles[name]
        style.font.name, style.font.size = FONT, Pt(_SIZES[kind])
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.font.bold = kind in ("h1", "h2", "h3")
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(script), None)
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(script), FONT)
        style.paragraph_format.space_after = Pt(4)
    for border in document.styles["Title"].element.iter(qn("w:pBdr")):
        border.getparent().remove(border)
        break
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), {"vi": "vi-VN", "en": "en-GB"}.get(language, language))
    document.styles["Normal"].element.get_or_add_rPr().append(spoken)


def _write(document: Any, words: TextBlock) -> None:
    paragraph = document.add_paragraph(style=_STYLES[words.kind])
    run = paragraph.add_run(words.written)
    if words.style == "issuer":
        run.bold = True
    if words.style == "small":
        run.font.size = Pt(_SMALL)
    paragraph.paragraph_format.keep_with_next = words.announces
    if words.is_centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif words.kind == "p":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY


def _write_table(document: Any, grid: TableBlock) -> None:
    table = document.add_table(rows=0, cols=len(grid.header), style="Table Grid")
    table.autofit = False
    widths = [Emu(Mm(WIDTH) * share // sum(grid.widths)) for share in grid.widths]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for number, cells in enumerate((grid.header, *grid.rows)):
        row = table.add_row()
        for place, cell, width in zip(row.cells, cells, widths, strict=True):
            place.width = width
            _fill(place.paragraphs[0], cell, bold=number == 0)
        settings = row._tr.get_or_add_trPr()
        settings.append(OxmlElement("w:cantSplit"))
        if number == 0:
            settings.append(OxmlElement("w:tblHeader"))
    _gap(document)


def _gap(document: Any) -> None:
    """Leave a narrow gap below a table."""
    gap = document.add_paragraph().paragraph_format
    gap.space_after, gap.line_spacing = Pt(0), Pt(8)


def _fill(paragraph: Any, cell: Cell, bold: bool) -> None:
    paragraph.paragraph_format.space_after = Pt(0)
    if cell.style == "n":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(cell.text)
    run.bold = paragraph.paragraph_format.keep_with_next = bold  # names stay with the first row
    run.font.size = Pt(_CODE if cell.style == "code" and not bold else _TABLE)


def _insert(document: Any, charts: Charts) -> None:
    """Insert charts, two beside each other where there are several."""
    if charts.across == 1:
        [(svg, words)] = charts.charts
        document.add_picture(io.BytesIO(picture(svg)), width=Mm(WIDTH))
        document.paragraphs[-1].paragraph_format.keep_with_next = True
        _write(document, TextBlock("p", words, "small"))
        return
    table = document.add_table(rows=0, cols=2)
    for start in range(0, len(charts.charts), 2):
        row = table.add_row()
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        beside = charts.charts[start : start + 2]
        for place, (svg, words) in zip(row.cells, beside, strict=False):
            first = place.paragraphs[0]
            first.add_run().add_picture(io.BytesIO(picture(svg)), width=Mm(78))
            _fill(place.add_paragraph(), Cell(words, ""), bold=False)
    _gap(document)


def _repeatable(archive: bytes) -> bytes:
    """Return an archive whose members have no times: the same content gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(target, "w") as made:
        for member in source.infolist():
            entry = zipfile.ZipInfo(member.filename, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            made.writestr(entry, source.read(member))
    return target.getvalue()
