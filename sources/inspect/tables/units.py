"""Units that titles, headings and labels name, as ids of the registry with a factor.

"Thous. pers." is the unit `thousand_persons`; "Trill. dongs" is `billion_vnd`, times 1000. What is
only likely ("index") is marked so; words that name none give nothing.
"""

import re
from dataclasses import dataclass, replace

from model.util.text import fold

# Powers of ten, in English and Vietnamese; the longer words first ("nghìn tỷ" is 10^12).
_TIMES: tuple[tuple[str, float], ...] = (
    (r"trill(?:ion)?s?|nghin ty|ngan ty", 1e12), (r"bill(?:ion)?s?|bn|ty", 1e9),
    (r"mill(?:ion)?s?|mn|mio|trieu", 1e6), (r"thous(?:and)?s?|1[.,]?000|nghin|ngan", 1e3),
)
_BASES: tuple[tuple[str, str], ...] = (
    (r"pers(?:on)?s?\.?/ ?km2|nguoi/ ?km2|persons? per (?:km2|square km)", "persons_per_km2"),
    (r"(?:vnd|dongs?)(?:/| per )(?:pers(?:on)?|nguoi|capita)|dong/nguoi", "vnd_per_person"),
    (r"quintals?/ ?ha|ta/ ?ha|quintals? per hectare", "quintals_per_hectare"),
    (r"(?:passengers?|persons?|(?:luot )?(?:(?:hanh )?khach|nguoi))\.? ?-?km", "passenger_km"),
    (r"tons?[.-]km|tonnes?[.-]km|tan[.-]?km", "tonne_km"),
    (r"pers(?:on)?s?|people|inhabitants|children|pupils?|students?|nguoi|tre em|hoc sinh|hoc vien"
     r"|em|personas?|personnes?|personen", "persons"),
    (r"dongs?(?: viet nam)?|vnd|vn dong", "vnd"), (r"us ?\$|usd|us dollars?|do la my", "usd"),
    (r"tons?|tonnes?|metric tons?|tan", "tonnes"), (r"ha|hectares?|hec ?ta", "hectares"),
    (r"km2|km²|square km|sq\.? ?km", "km2"),
    (r"%|per ?cent|percent|phan tram|porcentaje|prozent|pourcent(?:age)?|percento|procent",
     "percent"),
    (r"°c|⁰c|oc|do c|celsius", "celsius"), (r"mm|millimet(?:er|re)s?", "millimetres"),
    (r"cm|centimet(?:er|re)s?", "centimetres"), (r"hours?|hrs?|gio", "hours"),
    (r"passengers?|(?:luot )?hanh khach", "passengers"), (r"luot khach", "arrivals"),
    (r"m2|m²|square met(?:er|re)s?", "square_metres"), (r"times?|lan", "ratio"),
    (r"cases?|vu|units?|projects?|du an|houses?|nha|cai|con|heads?|copies|cop\.?|farms?"
     r"|schools?|class(?:es)?|lop|truong|beds?|giuong|enterprises?|doanh nghiep|co so"
     r"|establishments?", "count"),
)
# With a factor these are units of their own.
_NAMED = {
    ("persons", 1e3): "thousand_persons", ("persons", 1e6): "million_persons",
    ("vnd", 1e9): "billion_vnd", ("vnd", 1e6): "million_vnd", ("tonnes", 1e6): "million_tonnes",
    ("tonnes", 1e3): "thousand_tonnes", ("hectares", 1e3): "thousand_hectares",
    ("usd", 1e6): "million_usd", ("vnd_per_person", 1e6): "million_vnd_per_person",
    ("vnd_per_person", 1e3): "thousand_vnd_per_person",
    ("passenger_km", 1e6): "million_passenger_km", ("passenger_km", 1e9): "billion_passenger_km",
    ("tonne_km", 1e6): "million_tonne_km",
}
_MULTIPLIER = re.compile("|".join(rf"(?:{words})\b" for words, _ in _TIMES))
_MULTIPLIER_INSIDE = re.compile(rf"\b(?:{_MULTIPLIER.pattern})")
# "Tỷ lệ", "tỷ suất" and "công ty" are no billions.
_NO_MULTIPLIER = re.compile(r"\b(?:ty (?:le|suat|trong|so|gia)|cong ty)\b")
_BEHIND_MULTIPLIER = tuple(
    (re.compile(rf"\b(?:{words})\.? ?$"), factor) for words, factor in _TIMES)
_MAY_BE_LARGER = frozenset({"usd", "vnd", "billion_vnd", "km2"})
# Visitors of a city, or passengers of a carrier: the words are used for both.
_AMBIGUOUS = frozenset({"arrivals"})
# Units that have no name without a factor: the number is multiplied instead.
_LARGER = {"vnd": (1e9, "billion_vnd")}
# Words in a name that leave no doubt, and words that are only likely.
_CERTAIN = (
    (r"percentage of|proportion of|phan tram", "percent"),
    (r"per 100[ ,.]?000 live births", "per_100000_live_births"),
    (r"per 100[ ,.]?000", "per_100000"), (r"per 1[ ,.]?000 live births", "per_1000_live_births"),
    (r"per 10[ ,.]?000", "per_10000"), (r"per 1[ ,.]?000", "per_1000"),
    (r"(?:previous|preceding) year ?= ?100|nam truoc ?= ?100|= ?100\b", "index"),
    (r"% of gdp|%gdp", "percent_gdp"), (r"%|per ?cent", "percent"),
    (r"ty dong|billion (vn)?dong", "billion_vnd"), (r"\bvnd\b|dong viet nam", "vnd"),
    (r"us\$|\busd\b|current us", "usd"), (r"km2|km²|square km", "km2"),
)
_LIKELY = (
    (r"fertility rate|tong ty suat sinh", "births_per_woman"),
    (r"(?:infant|child|under.five).{0,20}mortality|tu vong (?:tre|so sinh)",
     "per_1000_live_births"),
    (r"crude (?:birth|death)|natural increase|migration rate"
     r"|ty suat (?:sinh|chet|tang|nhap|xuat|di)", "per_1000"),
    (r"average age|tuoi (?:trung binh|ket hon)", "years"),
    (r"^(?:number of|so (?:luong|nguoi|truong|lop|giao vien|hoc sinh|giuong|don vi))\b", "count"),
    (r"ty le|rate \(|share of|\brate\b", "percent"), (r"\bindex\b|chi so", "index"),
    (r"\byears\b", "years"), (r"\brank\b", "rank"),
)
_BRACKETS = re.compile(r"\(([^()]*)\)?")
_POWER = re.compile(r"\b10\^?[3-9]\b|10[³⁶⁹]")
_MARK = re.compile(r"\*+")
_BEFORE = re.compile(r"\W*(?:dvt|don vi(?: tinh)?|units?)\s*[:-]\s*")


@dataclass(frozen=True)
class NamedUnit:
    """A unit of the registry.

    factor: what the source's numbers are multiplied with to be in it.
    is_certain: whether the words leave no doubt.
    words: that name it.
    """

    unit: str
    factor: float
    is_certain: bool
    words: str


def unit_of(words: str) -> NamedUnit | None:
    """Return the unit that a title, a heading or a label names, None where it names none.

    What stands in brackets comes first, the last of it before others. A power of ten beside it
    ("103 (m2)" is 10³ m²) leaves a doubt.
    """
    for inside in reversed(_BRACKETS.findall(words)):
        found = unit_alone(inside)
        if found is not None:
            return replace(
                found, is_certain=found.is_certain and _POWER.search(words) is None)
    last = re.split(r"\s[-–]\s+|[,;:]\s+", words)[-1]
    behind = unit_alone(last)
    if behind is not None and last != words and _MULTIPLIER.match(fold(last)):
        return behind  # "Tổng số Total Nghìn ha - Thous. ha", "Thu nhập, triệu đồng"
    folded = fold(words)
    for is_certain, units in ((True, _CERTAIN), (False, _LIKELY)):
        for pattern, unit in units:
            if named := re.search(pattern, folded):
                return _multiplied(NamedUnit(unit, 1, is_certain, named[0]), folded, named)
    return None


def _multiplied(unit: NamedUnit, text: str, named: re.Match[str]) -> NamedUnit | None:
    """Return a unit that a text names somewhere with the multiplier before it: "triệu USD".

    A multiplier elsewhere in the text ("thousand visitors, % of all") leaves a doubt.
    """
    if unit.unit in ("index", "rank"):
        return unit
    before = text[:named.start()]
    for pattern, factor in _BEHIND_MULTIPLIER:
        if (times := pattern.search(before)) and not _NO_MULTIPLIER.search(before[-12:]):
            words = text[times.start():named.end()]
            alone = unit_alone(words)
            return alone or replace(unit, factor=factor, is_certain=False, words=words)
    rest = _NO_MULTIPLIER.sub("", f"{before} | {text[named.end():]}")
    other = _MULTIPLIER_INSIDE.search(rest)
    if other is not None and unit.unit == "count":
        return None  # "number of computers (thousand sets)": of what is not known
    if other is not None and unit.unit in _MAY_BE_LARGER:
        return replace(unit, is_certain=False, words=f"{unit.words}; {other[0]}")
    return unit


def unit_alone(words: str) -> NamedUnit | None:
    """Return the unit that words are, e.g. of a column of units: "Nghìn người", "Mill. USD"."""
    parts = re.split(r"\s*[-–]\s+|\s+[-–]\s*", words.strip())  # in both languages
    if len(parts) > 1:
        return next(filter(None, map(unit_alone, parts)), None)
    text = fold(_MARK.sub("", words)).replace(" / ", "/")
    text = _BEFORE.sub("", text).strip(" .:-–/()")
    for times, factor in ((None, 1.0), *_TIMES):
        rest = text
        if times is not None:
            found = re.fullmatch(rf"(?:{times})\b\.? ?(.*)", text)
            if found is None:
                continue
            rest = found[1].strip(" .")
        for pattern, base in _BASES:
            if re.fullmatch(pattern, rest):
                return _with_factor(base, factor, words)
    if re.fullmatch(r".*= ?100 ?%?", text):
        return NamedUnit("index", 1, True, words)
    return None


def _with_factor(base: str, factor: float, words: str) -> NamedUnit:
    if (base, factor) in _NAMED:
        return NamedUnit(_NAMED[base, factor], 1, True, words.strip())
    larger, name = _LARGER.get(base, (factor, base))
    if factor > larger:
        return NamedUnit(name, factor / larger, True, words.strip())
    return NamedUnit(base, factor, base not in _AMBIGUOUS, words.strip())
