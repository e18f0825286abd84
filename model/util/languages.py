"""The languages of the project, and its catalogues of texts.

Texts of the product are Vietnamese and English, in the code and in its own catalogues
(`model/locale`, `portal/rendering/locale`).
A project (`city.yaml`) may have other languages: what the product says in them is in the project's
gettext catalogues, `locale/<language>/LC_MESSAGES/openindicators.po`, by its English text. What
they lack is said in English.

After a change of texts in `model/`, update its catalogue and translate what is new:

    pybabel extract -o /tmp/model.pot model
    pybabel update -i /tmp/model.pot -d model/locale -D openindicators -l vi -N
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from babel import Locale
from babel.core import get_global
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

OWN_LANGUAGES = ("vi", "en")  # of the texts in the product's code
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?")
CATALOGUE = "openindicators"
LOCALES = Path(__file__).resolve().parents[1] / "locale"  # of texts that records are put into


class _Project:
    """What this process works in: one project at a time."""

    languages: tuple[str, ...] = OWN_LANGUAGES
    locales: Path | None = None


def use_languages(codes: Sequence[str], locales: Path | None = None) -> None:
    """Make the languages of this process's project those of `codes`, the default one first.

    `locales` is the project's folder of catalogues.
    """
    _Project.languages, _Project.locales = tuple(codes), locales


def languages() -> tuple[str, ...]:
    """Return the project's languages, the default one first."""
    return _Project.languages


def default_language() -> str:
    """Return the language in which a page or a field is that has only one."""
    return _Project.languages[0]


def language_name(code: str, within: str = "en") -> str:
    """Return the name of the language `code`, in the language `within`.

    >>> language_name("ko"), language_name("ko", "ko")
    ('Korean', '한국어')
    """
    locale = Locale.parse(code, sep="-")
    return locale.get_display_name(within.replace("-", "_")) or code


def three_letters(code: str) -> str:
    """Return the code of a language in ISO 639-3, from CLDR's table of codes that are too long.

    >>> three_letters("vi"), three_letters("de"), three_letters("zh")
    ('vie', 'deu', 'zho')
    """
    short = code.partition("-")[0]
    longer = [old for old, new in get_global("language_aliases").items() if new == short]
    # Others are of bibliographies ("ger") or of one language of several ("cmn").
    return next((old for old in longer if len(old) == 3 and old[0] == short[0]), short)


def N_(english: str) -> str:
    """Return an English text of the catalogues as it is: this name marks it for them."""
    return english


def translated(english: str, language: str) -> str:
    """Return a text (`english`) in a `language`: from the project's catalogue, or the product's.

    A text that neither has stays English.
    """
    if language == "en":
        return english
    for locales in filter(None, (_Project.locales, LOCALES)):
        found = catalogue_of(locales, language)
        message = found.get(english) if found else None
        text = message.string if message and not message.fuzzy else None
        if isinstance(text, str) and text:
            return text
    return english


def project_locales() -> Path | None:
    """Return the project's folder of catalogues."""
    return _Project.locales


@cache
def catalogue_of(locales: Path, language: str) -> Catalog | None:
    """Return the catalogue of a `language` in `locales`, a folder of them; None if it has none."""
    path = locales / language / "LC_MESSAGES" / f"{CATALOGUE}.po"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"), domain=CATALOGUE)
