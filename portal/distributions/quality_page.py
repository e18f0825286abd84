"""The quality report as a page of its own: for readers of a portal that is not ours.

Both languages are in the one file; it opens in Vietnamese, and `#en` shows English, without script
and without network.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from model.declarations.dataset import Dataset
from model.records.release import FileRecord
from model.util.text import LANGUAGES, Bilingual, plain
from portal.content import Content

title = Bilingual(vi="Báo cáo chất lượng (HTML)", en="Quality report (HTML)")
purpose = Bilingual(
    vi="Cùng báo cáo, để đọc: điểm, từng phép kiểm tra, các dòng không đạt, các dòng bị giữ lại.",
    en="The same report, to be read: scores, every check, the failing rows, the rows held back.",
)
media_type = "text/html"
file_type = "HTML"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}-quality.html"


def write(content: Content, path: Path, others: Sequence[FileRecord]) -> None:
    """Write what there was to say of the release's quality when it was issued."""
    # The site offers this file, so it cannot be imported above.
    from portal.quality.standalone_page import in_language  # noqa: PLC0415

    parts = {language: in_language(content, language) for language in LANGUAGES}
    page = _template().render(title=content.dataset.title.vi, parts=parts)
    path.write_text(page, encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda value: plain(str(value))
    return environment.get_template("quality_page.html")
