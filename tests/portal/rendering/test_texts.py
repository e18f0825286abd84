"""The portal's own texts: every one is translated, none is left over, plurals are right."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract

from model.util.languages import catalogue_of
from portal.rendering.texts import LOCALES, translations

PORTAL = Path(__file__).resolve().parents[3] / "portal"
KEYWORDS = {"_": None, "ngettext": (1, 2), "said_in": (2,)}


def texts_of_templates() -> set[str | tuple[str, ...]]:
    found = set()
    for path in PORTAL.glob("**/templates/*.html"):
        with path.open("rb") as file:
            for _, message, *_ in extract("jinja2.ext:babel_extract", file, keywords=KEYWORDS):
                found.add(message)
    return found


def test_every_text_has_a_translation_and_no_translation_is_left_over() -> None:
    catalogue = catalogue_of(LOCALES, "vi")
    assert catalogue is not None
    translated = {message.id for message in catalogue if message.id}
    assert translated == texts_of_templates()
    assert all(all([message.string] if isinstance(message.string, str) else message.string)
               and not message.fuzzy for message in catalogue if message.id)
    assert not [error for message in catalogue for error in message.check(catalogue)]


def test_plurals_follow_the_language() -> None:
    for count, english in ((0, "datasets"), (1, "dataset"), (2, "datasets")):
        assert translations("en", None).ngettext("dataset", "datasets", count) == english
        assert translations("vi", None).ngettext("dataset", "datasets", count) == "tập dữ liệu"


def test_vietnamese_is_written_one_way() -> None:
    """A tone mark stands on the first vowel of oa, oe, uy; a dataset has one name."""
    root = PORTAL.parent
    places = ("portal/**/*.po", "portal/**/*.yaml", "model/reference/registry/sectors.yaml",
              "registry/*.yaml", "assets/**/*.yaml", "expectations/**/*.py")
    texts = {path: path.read_text(encoding="utf-8") for each in places for path in root.glob(each)}
    assert len(texts) > 100
    otherwise = re.compile(r"(?<!q)(?:o[àáảãạ]|o[èéẻẽẹ]|u[ỳýỷỹỵ])\b|\bbộ dữ liệu\b", re.IGNORECASE)
    assert not {
        f"{path.relative_to(root)}: {found}"
        for path, text in texts.items() for found in otherwise.findall(text)
    }
