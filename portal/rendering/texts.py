"""The portal's own texts: English in the templates, Vietnamese in a gettext catalogue.

After a change of texts, update the catalogue and translate what is new:

    pybabel extract -F pyproject.toml -k in_other -o /tmp/portal.pot portal
    pybabel update -i /tmp/portal.pot -d portal/rendering/locale -D openindicators -l vi -N

What is published as data (titles, names of codes, outcomes) is `LocalizedText` and does not belong
here.
"""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from model.util.text import LocalizedText

DOMAIN = "openindicators"
LOCALES = Path(__file__).resolve().parent / "locale"

SITE_TITLE = LocalizedText(vi="Dữ liệu mở Đà Nẵng", en="Da Nang Open Data")
SITE_LEAD = LocalizedText(
    vi="Số liệu về thành phố theo từng ngành, kèm nguồn, kết quả kiểm tra và mọi lần thay đổi. Ai"
    " cũng có thể tải về và dùng lại.",
    en="Figures about the city, sector by sector, with their source, their checks and every"
    " change. Anyone may download and reuse them.",
)
# What leads to the page in another language, in that language.
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}
READ_IN = {"vi": "Đọc trang này bằng tiếng Việt", "en": "Read this page in English"}


def catalogue_file(language: str) -> Path:
    """Return the gettext catalogue of a language."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts in a language; English needs no catalogue."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    with catalogue_file(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, domain=DOMAIN))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)
