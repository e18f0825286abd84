"""The codelist to which the areas of a column belong."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from model.reference.area_names import KINDS, plain
from model.reference.codelist import Codelist
from model.util.text import fold
from sources.inspect.tables.cells import is_number
from sources.inspect.tables.headings import is_total

_NAMED = re.compile(
    r"(code|ma|id|area|province|country|geo|iso|economy|entity|location|ref area|spatial|tinh|dvhc)"
)
# Words with which the name of a column of areas begins, also in SDMX (REF_AREA, GEO).
_AREA_WORDS = re.compile(
    r"(code|countr|provin|area|geo|iso|econom|entit|locat|cit|region|territor|state|district"
    r"|reporter|spatial|dvhc|tinh|quoc|vung|khu|dia|thanh)"
)
_UNITS = re.compile(r"units?|unit (of )?measure|uom|don vi( tinh)?|dvt|currency|tien te|loai tien")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_.:-]{0,9}")
_SOME_CODES = 3  # fewer distinct codes belong to several lists
_COMPARED = 500  # rows
_AGREE = 0.9  # share of them
_WORLD = ("country", "aggregate", "region")
_LONG = 200  # characters: no name of an area
_FEW = 40  # values that are tried first
_ENOUGH = 0.6  # share of the rows whose area is known
_VIET_NAM = "VN:"
_NEAR = 0.88  # likeness of a misspelled name: one letter of seven
# A remark that takes nothing away: "World (excluding China)" is not the world.
_REMARK = re.compile(r"\s*\((?!.*(?:exclud|except|without|trừ|không))[^()]*\)\s*$", re.I)


@dataclass(frozen=True)
class Areas:
    """The codelist to which a column's values belong.

    known, filled: rows whose value is in it, and rows that have a value.
    unknown: the values that are not, by how often they occur.
    rivals: other codelists that know as many.
    """

    codelist: str
    known: int
    filled: int
    unknown: Counter[str]
    rivals: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of the rows whose area is known."""
        return self.known / self.filled


def is_of_areas(codelist: Codelist) -> bool:
    """Whether a codelist has areas, not sexes or modes of transport."""
    return any(entry.kind in (*KINDS, *_WORLD) for entry in codelist.entries)


def names_a_unit(words: str) -> bool:
    """Whether a column's name says that it holds units or currencies: "Cm" and "EUR" are codes."""
    return _UNITS.fullmatch(words.strip(" ().:")) is not None


def names_an_area(words: str) -> bool:
    """Whether a column's name, or the id of a concept, says that it holds areas: REF_AREA, geo."""
    return any(map(_AREA_WORDS.match, words.split()))


def is_confirmed(
    column: str, rows: Mapping[str, Sequence[str | None]], values: Counter[str], codelist: Codelist
) -> bool:
    """Whether more than the codes themselves says that a column holds areas.

    Its name, its values where they are names of areas, or a second column with the same areas.

    Args:
        column: the column's name.
        rows: the values of all columns, by row.
        values: of the column, by how often they occur.
        codelist: to which they belong.
    """
    codes = [text for text in values if _CODE.fullmatch(text.strip())]
    if len(codes) < len(values) / 2:
        return True
    if len(codes) >= _SOME_CODES and names_an_area(fold(column).replace("_", " ")):
        return True
    own = rows[column][:_COMPARED]
    for name, others in rows.items():
        pairs = [
            (one.strip(), other.strip()) for one, other in zip(own, others, strict=False)
            if one and other and name != column
        ]
        agreeing = sum(
            other != one and _area(codelist, other) == _area(codelist, one) is not None
            for one, other in pairs
        )
        if pairs and agreeing >= _AGREE * len(pairs):
            return True
    return False


def _area(codelist: Codelist, text: str) -> str | None:
    """Return the code that a codelist has for a text, None where it has none or several."""
    if text in codelist.codes:
        return text
    found = codelist.named(text)[0] if len(text) <= _LONG else ()
    return str(next(iter(found))) if len(found) == 1 else None


def areas_of(
    name: str, values: Counter[str], codelists: Mapping[str, Codelist], last: str
) -> Areas | None:
    """Find the one of the `codelists` that knows most of a column's values, None where none does.

    `name` is the column's; `values` are the filled ones, by how often they occur. The `last` period
    of the table decides between borders of different dates.
    """
    numbers = sum(n for text, n in values.items() if is_number(text))
    total = sum(values.values())
    if not total or (numbers > total / 2 and not _NAMED.search(fold(name).replace("_", " "))):
        return None
    found = []
    few = [text for text, _ in values.most_common(_FEW)]
    for codelist in codelists.values():
        if is_of_areas(codelist) and sum(knows(codelist, t) for t in few) >= len(few) / 3:
            unknown = Counter({t: n for t, n in values.items() if not knows(codelist, t)})
            found.append(Areas(codelist.id, total - unknown.total(), total, unknown))
    best = max(found, key=lambda each: each.known, default=None)
    if best is None or best.share < _ENOUGH:
        return None
    alike = [each for each in found if each.known == best.known]
    chosen = in_force([codelists[each.codelist] for each in alike], last)
    rivals = tuple(each.codelist for each in alike if each.codelist != chosen)
    return Areas(chosen, best.known, total, next(
        each.unknown for each in alike if each.codelist == chosen), rivals)


def likely_areas(labels: Iterable[str], codelist: Codelist) -> dict[str, str]:
    """Return the codes of a `codelist` that unknown `labels` probably stand for, to be confirmed.

    A label is nearly a known name ("Đà Nằng"), names the whole ("TOTAL"), or has a remark behind it
    in brackets.
    """
    names: dict[str, set[str]] = {}
    for entry in codelist.entries:
        for name in entry.names:
            names.setdefault(plain(name), set()).add(entry.code)
    whole = [entry.code for entry in codelist.entries if entry.kind == "country"]
    found = {}
    for label in labels:
        text = _REMARK.sub("", label).strip()
        if knows(codelist, text):
            found[label] = _area(codelist, text) or text
        elif is_total(text) and len(whole) == 1:
            found[label] = whole[0]
        else:
            near = get_close_matches(plain(text), list(names), n=1, cutoff=_NEAR)
            if near and len(names[near[0]]) == 1:
                found[label] = next(iter(names[near[0]]))
    return found


def codes_in(values: Iterable[str], codelist: Codelist) -> frozenset[str]:
    """Return the codes that a column's values have in a codelist."""
    found = (_area(codelist, text.strip()) for text in values)
    return frozenset(code for code in found if code is not None)


def in_force(codelists: list[Codelist], last: str) -> str:
    """Return the newest of the `codelists` with borders of `last`, a period, or before it."""
    dated = [
        (codelist.vintage.removeprefix(_VIET_NAM), codelist.id) for codelist in codelists
        if codelist.vintage.startswith(_VIET_NAM)
    ]
    if len(dated) < len(codelists):
        return next(c.id for c in codelists if not c.vintage.startswith(_VIET_NAM))
    before = [each for each in dated if each[0] <= (last if len(last) > 4 else f"{last}-12")]
    return max(before)[1] if before else min(dated)[1]


def knows(codelist: Codelist, text: str) -> bool:
    """Whether a codelist has one code for a text, as `Codelist.find` finds it."""
    label = text.strip()
    if label in codelist.codes:
        return True
    return len(label) <= _LONG and len(codelist.named(label)[0]) == 1
