"""The quality report as a page of its own: for readers of a portal that is not ours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from model.dataset import Dataset
from model.quality import DIMENSIONS, OUTCOMES, SEVERITIES, worst_first
from model.reasons import in_words
from model.records import FileRecord
from model.text import Bilingual, plain
from portal.content import Content

title = Bilingual(vi="Báo cáo chất lượng (HTML)", en="Quality report (HTML)")
purpose = Bilingual(
    vi="Cùng báo cáo, để đọc: từng phép kiểm tra, các dòng không đạt, các dòng bị giữ lại.",
    en="The same report, to be read: every check, the failing rows, the rows held back.",
)
media_type = "text/html"
file_type = "HTML"

HELD = 50


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}-quality.html"


def write(content: Content, path: Path, others: Sequence[FileRecord]) -> None:
    """Write what the release's quality record says, in both languages, without any address."""
    quality = content.quality
    held = content.held(("_part", "_row", "_column", "reasons"), HELD)
    page = _template().render(
        dataset=content.dataset, release=content.release, quality=quality, dimensions=DIMENSIONS,
        outcomes=OUTCOMES, severities=SEVERITIES,
        checks=worst_first(quality.checks),
        titles={check.name: check.title for check in quality.checks}, held=held, in_words=in_words,
    )
    path.write_text(page, encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda value: plain(str(value))
    return environment.get_template("quality_page.html")
