"""The site's own words in both languages, from words.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

from model.declarations.yaml_file import YamlFile, parse_as
from model.util.text import Bilingual

_FILE = Path(__file__).resolve().parent / "words.yaml"


@cache
def _all() -> dict[str, Bilingual]:
    document = YamlFile.read(_FILE)
    return {
        key: parse_as(Bilingual, value, document, (key,))
        for key, value in document.mapping().items()
    }


@cache
def words(language: str) -> SimpleNamespace:
    """Return every text of the site in a language, as attributes."""
    return SimpleNamespace(**{key: text.get(language) for key, text in _all().items()})


def catalogue_texts() -> tuple[Bilingual, Bilingual]:
    """Return the catalogue's title and description."""
    return _all()["site_title"], _all()["site_lead"]
