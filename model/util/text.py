"""Text for people: in the project's languages, NFC, and comparison without diacritics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import filterfalse
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema

from model.util.languages import (
    LANGUAGE_CODE,
    OWN_LANGUAGES,
    language_name,
    languages,
    translated,
)

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
    plain = "".join(filterfalse(unicodedata.combining, plain))
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
    if text.isprintable():  # nearly all is, and this asks once for the whole text
        return text
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


class _Localized(Frozen):
    """What is given in each language of the project: one value by the language's code."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="after")
    def _has_every_language(self, info: ValidationInfo) -> Self:
        given = self.languages
        if not given:
            raise ValueError("has no text; write one by language, {vi: …, en: …}")
        required = (info.context or {}).get("languages")  # of what people of the project write
        for language in given:
            if not LANGUAGE_CODE.fullmatch(language) or (required and language not in required):
                known = set(required or OWN_LANGUAGES)
                raise ValueError(
                    f"unknown field {language!r}, which is no language of the project;"
                    f" {did_you_mean(language, known)}"
                )
        if missing := [language for language in required or () if language not in given]:
            raise ValueError(f"the text is missing in: {', '.join(missing)}")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which it is given."""
        return tuple(self.by_language)

    @property
    def by_language(self) -> dict[str, Any]:
        """What is given, by language."""
        return self.model_extra or {}

    def __hash__(self) -> int:
        return hash((type(self), *sorted(self.by_language.items())))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the languages of the project as fields."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        kind = schema["additionalProperties"]
        schema["additionalProperties"] = False
        schema["properties"] = {
            **{code: {**kind, "description": f"in {language_name(code)}."} for code in languages()},
            **schema.get("properties", {}),
        }
        schema["required"] = list(languages())
        return reference


class LocalizedText(_Localized):
    """One text in each language of the project.

    Product code writes Vietnamese and English, `LocalizedText(vi="Năm", en="Year")`; other
    languages are in the project's catalogue of texts (see `model.util.languages`).
    """

    __pydantic_extra__: dict[str, Text]

    if TYPE_CHECKING:
        def __init__(self, **texts: str) -> None: ...

    def get(self, language: str) -> str:
        """Return the text in `language`; else from the project's catalogue, else in English."""
        given = self.__pydantic_extra__
        if given and language in given:
            return given[language]
        english = self.by_language.get("en") or next(iter(self.by_language.values()))
        return translated(english, language)

    def in_all(self, separator: str = " · ") -> str:
        """Return the text in all languages, for what knows none, with a `separator` between."""
        return separator.join(dict.fromkeys(self.get(language) for language in languages()))

    def in_each(self, make: Callable[[str], str]) -> LocalizedText:
        """Return what `make` makes of the text, in each language."""
        return localized(lambda language: make(self.get(language)), self.languages)

    def format(self, **values: object) -> LocalizedText:
        """Return the text with its placeholders filled; a text among `values` in its language."""
        return localized(lambda language: self.get(language).format(**{
            name: value.get(language) if isinstance(value, LocalizedText) else value
            for name, value in values.items()
        }), self.languages)


class LocalizedList(_Localized):
    """Keywords in each language of the project."""

    __pydantic_extra__: dict[str, tuple[Text, ...]]

    if TYPE_CHECKING:
        def __init__(self, **texts: Sequence[str]) -> None: ...

    def get(self, language: str) -> tuple[str, ...]:
        """Return the list in `language`, else in English, else in the first one."""
        english = self.by_language.get("en") or next(iter(self.by_language.values()))
        return self.by_language.get(language, english)


def localized(make: Callable[[str], str], given: Iterable[str] = OWN_LANGUAGES) -> LocalizedText:
    """Return what `make` returns for each language, of those `given` and of the project."""
    return LocalizedText(**{code: make(code) for code in dict.fromkeys((*given, *languages()))})


def joined(texts: Iterable[LocalizedText], separator: str = "; ") -> LocalizedText:
    """Return texts as one, in each language, with a `separator` between them."""
    every = list(texts)
    return localized(lambda language: separator.join(text.get(language) for text in every))


def _(english: str, **values: Any) -> LocalizedText:
    """Return a text of the catalogues in each language, its placeholders filled."""
    return LocalizedText(en=english).format(**values)
