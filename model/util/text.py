"""Text for people: Vietnamese and English, NFC, and comparison without diacritics."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

LANGUAGES = ("vi", "en")

# Đ/đ (U+0110/0111) have no decomposition, and Ð (U+00D0, Icelandic eth) is typed in their
# place by old keyboards: mark-stripping needs rules of its own for them.
_D_LETTERS = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "Ð": "D"})


def nfc(text: str) -> str:
    """Return `text` in Unicode normal form C."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return `text` for comparison: no diacritics, lower case, single blanks.

    >>> fold("  Đà Nẵng ")
    'da nang'
    """
    plain = unicodedata.normalize("NFD", text.translate(_D_LETTERS))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def nearest(name: str, known: list[str] | tuple[str, ...] | set[str]) -> str | None:
    """Return the known name most like `name`, or None when none is like it."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: list[str] | tuple[str, ...] | set[str]) -> str:
    """Return advice that names the nearest known name, or all of them when there are few."""
    near = nearest(name, known)
    if near:
        return f"did you mean {near!r}?"
    if len(known) <= 20:
        return "known: " + ", ".join(sorted(known))
    return ""


def slug(text: str) -> str:
    """Return `text` as a name of a-z, 0-9 and '-', safe in a URL and a file name."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def clean_text(text: str) -> str:
    """NFC, and refuse control characters, which have no place in text for people."""
    text = nfc(text)
    if not text.isprintable():
        for char in text:
            if unicodedata.category(char) in {"Cc", "Cs", "Cf"} and char not in "\n\t":
                raise ValueError(f"contains the control character U+{ord(char):04X}")
    return text.strip()


def plain(text: str) -> str:
    """Return text from data without characters that would steer the page.

    Control and format characters (text direction above all) become visible replacements.
    """
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" else c
        for c in text
    )


def _filled(text: str) -> str:
    if not text:
        raise ValueError("is blank")
    return text


Text = Annotated[
    str, StringConstraints(strict=True, min_length=1), AfterValidator(clean_text),
    AfterValidator(_filled),
]
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-:]*$")]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{1,60}$")]


class Frozen(BaseModel):
    """Base of every type here: immutable, and an unknown field is an error, not a shrug."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class Bilingual(Frozen):
    """One text in both languages of the city.

    vi: in Vietnamese.
    en: in English.
    """

    vi: Text
    en: Text

    def get(self, language: str) -> str:
        """Return the text in `language` ("vi" or "en")."""
        return self.vi if language == "vi" else self.en


class BilingualList(Frozen):
    """Keywords in both languages.

    vi: in Vietnamese.
    en: in English.
    """

    vi: tuple[Text, ...]
    en: tuple[Text, ...]

    def get(self, language: str) -> tuple[str, ...]:
        """Return the list in `language` ("vi" or "en")."""
        return self.vi if language == "vi" else self.en
