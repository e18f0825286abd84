"""Titles above a table: the name of what is measured, its unit, price basis and variables.

"Retail sales of goods and services at current prices by province by Cities, provincies and Year" is
how PX-Web writes a title: the name, then "by" and the table's variables. Yearbooks write a line in
each language.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.util.text import fold
from sources.inspect.tables.units import NamedUnit, unit_alone, unit_of

_MARK = re.compile(r"\s*\(\*+\)")
_CONTINUED = re.compile(r"^\(?(?:tiếp theo|cont(?:inued|\.)?)[^)]*\)?[\s:.-]*", re.IGNORECASE)
_NUMBER = re.compile(r"^\W*(?:bảng|biểu|table)?\s*\d+(?:\.\d+)*\s*[.:)]?\s+(?=\D)", re.IGNORECASE)
UNIT_LINE = re.compile(r"^\W*(?:đơn vị|đvt|unit)\b", re.IGNORECASE)
# Who publishes it, and which annex it is.
_LETTERHEAD = re.compile(
    r"^\W*(?:bộ |tổng cục|cục thống kê|ủy ban|uỷ ban|sở |ministry|general statistics|department"
    r"|phụ lục|annex|table \d|biểu (?:số|mẫu)|mẫu (?:số|biểu))|^\(", re.IGNORECASE)
_AREAS = re.compile(
    r",? (?:(?:and )?by (?:some )?(?:province|locality|region)s?"
    r"|(?:phân )?theo (?:địa phương|tỉnh.*|vùng))(?=$|\s*\()", re.IGNORECASE)
_BASIS = (
    (r"\bcurrent (?:market )?prices|gia (?:hien hanh|thuc te)",
     ("Theo giá hiện hành.", "At current prices.")),
    (r"\bconstant (\d{4}) (?:market )?prices|(\d{4}) constant prices"
     r"|constant prices (?:of|in) (\d{4})|gia (?:so sanh|co dinh) (?:nam )?(\d{4})",
     ("Theo giá so sánh năm {}.", "At constant {} prices.")),
    (r"\bconstant prices(?! (?:of|in) \d)|gia (?:so sanh|co dinh)(?! (?:nam )?\d)",
     ("Theo giá so sánh.", "At constant prices.")),
)
_VIETNAMESE = re.compile(
    "[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
_LISTED = re.compile(r" by (?=[A-Z])(?!.* by [A-Z])[^()]*\b(?:Years?|Months?|Quarters?)\b[^()]*$")
_SHORTEST = 8  # characters of a title


@dataclass(frozen=True)
class PriceBasis:
    """At which prices values are, as the source says.

    texts: by language, "vi" and "en".
    doubt: what a person must confirm, "" without.
    """

    texts: dict[str, str]
    doubt: str = ""


@dataclass(frozen=True)
class TableTitle:
    """What the lines above a table say.

    texts: the title by language, "vi" and "en"; either may be missing.
    names: the same without areas and unit: the name of the figure.
    variables: the names of the table's variables, in order, where the title lists them.
    unit: that it names.
    basis: of prices, that it names.
    """

    texts: dict[str, str]
    names: dict[str, str]
    variables: tuple[str, ...] = ()
    unit: NamedUnit | None = None
    basis: PriceBasis | None = None


def title_of(lines: Sequence[str], header: Sequence[str]) -> TableTitle | None:
    """Read the `lines` above a table, from above, None where there is no title among them.

    The `header` has the names of the columns, which a title of PX-Web repeats.
    """
    texts: dict[str, str] = {}
    variables: tuple[str, ...] = ()
    units: list[NamedUnit | None] = []
    for line in lines:
        text = " ".join(line.split())
        alone = unit_alone(text.strip("()"))
        if alone is not None or UNIT_LINE.match(text) or len(text) < _SHORTEST:
            units.append(alone)
            continue
        if _LETTERHEAD.match(text):
            continue
        text = _CONTINUED.sub("", _NUMBER.sub("", text))
        shorter, named = _without_variables(text, header)
        variables = variables or named
        units.append(unit_of(shorter))
        texts.setdefault(language_of(shorter), _MARK.sub("", shorter).strip(" .:"))
    if not texts:
        return None
    known = [each for each in units if each is not None]
    certain = [each for each in known if each.is_certain]
    return TableTitle(
        texts, {language: name_of(text) for language, text in texts.items()}, variables,
        next(iter(certain or known), None), basis_of(" ".join(lines)),
    )


def language_of(text: str) -> str:
    """Return "vi" where a text has Vietnamese letters, else "en"."""
    return "vi" if _VIETNAMESE.search(text) else "en"


def name_of(title: str) -> str:
    """Return the name of a figure: a title without its areas, unit and marks.

    Brackets whose unit is not known stay: "RPKs (billions)" is not "RPKs".
    """
    text = _MARK.sub("", title).strip()
    behind = re.search(r"\s*\([^()]*\)?$", text)
    if behind and unit_of(behind[0]) is not None:
        text = text[:behind.start()]
    shorter = _AREAS.sub("", text).strip(" .,:")
    return shorter[:1].upper() + shorter[1:] if shorter else title


def _without_variables(text: str, header: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Split a title of PX-Web into the title and the names of the variables behind its last "by".

    The header names the first of them, or years are among them: "by province" alone is none.
    """
    places = [
        place for name in header if name.strip()
        if (place := text.casefold().rfind(f" by {' '.join(name.split()).casefold()}")) > 0
    ]
    listed = _LISTED.search(text)
    if not places and listed is None:
        return text, ()
    place = min(places) if places else listed.start() if listed else 0
    variables = re.split(r", (?=[A-Z])| and ", text[place + 4:])
    return text[:place], tuple(each.strip() for each in variables)


def basis_of(text: str) -> PriceBasis | None:
    """Return at which prices values are, by the words of a title or a label; None if they say none.

    Two bases in one text, and constant prices without their year, leave a doubt.
    """
    bases: dict[str, PriceBasis] = {}
    for pattern, (vietnamese, english) in _BASIS:
        for found in re.finditer(pattern, fold(text)):
            year = next(filter(None, found.groups()), "")
            texts = {"vi": vietnamese.format(year), "en": english.format(year)}
            is_whole = year or "constant" not in english
            doubt = "" if is_whole else "the year of the prices is not said"
            bases.setdefault(texts["en"], PriceBasis(texts, doubt))
    if "At constant prices." in bases and len(bases) > 1:  # the other language says the year
        del bases["At constant prices."]
    first = next(iter(bases.values()), None)
    if len(bases) > 1 and first is not None:
        return PriceBasis(first.texts, f"the title says both: {' '.join(bases)}")
    return first
