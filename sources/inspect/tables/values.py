"""What the values of a column are: numbers of a locale, or periods in a format."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from model.declarations.source import DEFAULT_MISSING
from model.reference.periods import parse_period
from model.util.text import fold
from sources.inspect.finding import Certainty, Guess
from sources.inspect.tables.cells import is_missing

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_EN = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_VI = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_FEW_POINTS = 5  # values whose separator has three digits behind it: too few to be sure
_ONE_POINT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?|[+-]?\d{1,3}(\.\d{3})+,\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
_DECIMAL_POINT = re.compile(r"[+-]?(\d+\.(\d{1,2}|\d{4,})|\d{4,}\.\d+)")
_NUMBERS = 0.8  # share of a column's values that are numbers, for it to be a column of figures
_PERIODS = 0.95
_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d %B %Y", "%d %b %Y", "%m/%Y", "%m-%Y", "%b %Y", "%B %Y",
)
_FEW = 60  # values that are tried first
_MIN_YEAR, _MAX_YEAR = 1600, 2200


@dataclass(frozen=True)
class NumberColumn:
    """A column of figures.

    locale: as a column rule has it.
    missing: missing-value markers beyond the default ones.
    other: values that are neither, by how often they occur.
    count: how many values are numbers.
    """

    locale: Guess
    missing: tuple[str, ...]
    other: Counter[str]
    decimals: int
    count: int


@dataclass(frozen=True)
class PeriodColumn:
    """A column of time periods: its format as a column rule has it ("auto" for none), and how
    often each frequency occurs."""

    format: str
    frequencies: Counter[str]
    last: str
    certainty: Certainty
    why: str


_PART_OF_YEAR = re.compile(
    r"(?:(?:thang|quy) \w{1,4}|\d{1,2} thang)(?: dau nam|[/,.-]| nam)? ?(?:19|20)\d\d"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (?:19|20)\d\d")


def part_of_year_in(text: str) -> PeriodColumn | None:
    """Return the only month, quarter or first months of a year that a text names: a report's.

    "Báo cáo tháng 1 năm 2024" is about January, not about the year.
    """
    named = set(_PART_OF_YEAR.findall(fold(text)))
    return periods_of(Counter(named)) if len(named) == 1 else None


def numbers_of(values: Counter[str]) -> NumberColumn | None:
    """Return how filled `values`, counted, are written as numbers, None where they are none."""
    markers = {text for text in values if is_missing(text) or text.strip() in DEFAULT_MISSING}
    kept = {text.strip(): n for text, n in values.items() if text not in markers}
    total = sum(kept.values())
    if not total:
        return None
    shares = {
        locale: sum(n for text, n in kept.items() if pattern.fullmatch(text)) / total
        for locale, pattern in (("plain", _PLAIN), ("en", _EN), ("vi", _VI))
    }
    locale, certainty, why = _locale(shares, kept)
    share = shares[locale]
    with_commas = sum(
        n for text, n in kept.items() if _DECIMAL_COMMA.fullmatch(text) or _GROUPED.fullmatch(text)
    )
    with_points = sum(n for text, n in kept.items() if _DECIMAL_POINT.fullmatch(text))
    if with_commas and with_points:
        locale = "vi" if with_commas >= with_points else "plain"
        share = sum(n for text, n in kept.items() if _VI.fullmatch(text) or _PLAIN.fullmatch(text))
        share /= total
        certainty, why = "unsure", (
            f"{with_commas} values are written as 9.999,99 and {with_points} as 9999.99"
        )
    if share < _NUMBERS:
        return None
    pattern = {"plain": _PLAIN, "en": _EN, "vi": _VI}[locale]
    other = Counter({text: n for text, n in kept.items() if not pattern.fullmatch(text)})
    point = "," if locale == "vi" else "."
    decimals = max((len(text.partition(point)[2]) for text in kept if pattern.fullmatch(text)
                    and "e" not in text.lower()), default=0)
    new = tuple(sorted(each.strip() for each in markers if each.strip() not in DEFAULT_MISSING))
    return NumberColumn(
        Guess("locale", locale, certainty, why), new, other, decimals, total - other.total()
    )


def _locale(shares: dict[str, float], kept: dict[str, int]) -> tuple[str, Certainty, str]:
    groups = sum(n for text, n in kept.items() if _GROUPED.fullmatch(text))
    commas = sum(n for text, n in kept.items() if _DECIMAL_COMMA.fullmatch(text))
    if groups or (commas and shares["vi"] >= shares["en"]):
        why = f"{groups or commas} values have a decimal comma, or points between thousands"
        return "vi", "certain" if shares["vi"] >= 1 else "likely", why
    with_point = [text for text in kept if "." in text]
    thousands = [text for text in with_point if _ONE_POINT.fullmatch(text)]
    if thousands and len(thousands) == len(with_point) and shares["vi"] >= _NUMBERS:
        few = len(thousands) < _FEW_POINTS and len(thousands) < len(kept)
        return "plain" if few else "vi", "unsure", (
            f"each point of {len(thousands)} values has three digits behind it: thousands, or"
            " three decimals?"
        )
    if shares["en"] > shares["plain"]:
        with_comma = sum(n for text, n in kept.items() if "," in text)
        why = f"{with_comma} values have commas between thousands"
        if _may_be_decimals(kept):
            return "en", "unsure", (
                f"each comma of {with_comma} values has three digits behind it: thousands, or three"
                " decimals?"
            )
        return "en", "certain" if shares["en"] >= 1 else "likely", why
    share = shares["plain"]
    return "plain", "certain" if share >= 1 else "likely", (
        f"{share:.0%} of the values are digits with a decimal point or none"
    )


def _may_be_decimals(kept: dict[str, int]) -> bool:
    """Whether commas may be decimal ones: "3,295" in a column with "1049", or few of them.

    Two groups, or a point behind one, leave no doubt ("1,234,567", "1,234.5").
    """
    commas = [text for text in kept if "," in text]
    if any(text.count(",") > 1 or "." in text for text in commas):
        return False
    ungrouped = any(re.fullmatch(r"[+-]?\d{4,}(\.\d+)?", text) for text in kept)
    return ungrouped or len(commas) < _FEW_POINTS


def periods_of(values: Counter[str]) -> PeriodColumn | None:
    """Return how a column's values are written as periods, None where they are none."""
    texts = [text for text in values if text.strip()]
    few = [text for text, _ in values.most_common(_FEW)]
    if not texts or not (_automatic(few) or any(_moments(few, form) for form in _FORMATS)):
        return None
    found = _automatic(texts)
    if found is not None:
        return found
    readings = {form: moments for form in _FORMATS if (moments := _moments(texts, form))}
    if not readings:
        return None
    if len(readings) == 1:
        form, moments = next(iter(readings.items()))
        return _dated(form, moments, len(texts), "certain", f"only {form} reads them")
    for form, moments in readings.items():
        months = {moment.month for moment in moments}
        if {moment.day for moment in moments} == {1} and len(months) > 1:
            why = f"read as {form}, every one is the first day of one of {len(months)} months"
            return _dated(form, moments, len(texts), "likely", why)
    form, moments = next(iter(readings.items()))
    why = f"{' and '.join(readings)} both read them: the order of day and month is ambiguous"
    return _dated(form, moments, len(texts), "unsure", why)


def _automatic(texts: Sequence[str]) -> PeriodColumn | None:
    frequencies: Counter[str] = Counter()
    read: list[str] = []
    for text in texts:
        try:
            period = parse_period(text)
        except ValueError:
            continue
        frequencies[period.freq] += 1
        read.append(period.iso)
    if len(read) < _PERIODS * len(texts):
        return None
    why = f"{len(read)} of {len(texts)} values are periods"
    if set(frequencies) == {"D"} and len(read) > 2 and all(p.endswith("-01") for p in read):
        return PeriodColumn("%Y-%m-%d:M", Counter(M=len(read)), max(read), "likely",
                       f"{why}, each the first day of a month")
    return PeriodColumn("auto", frequencies, max(read),
                   "certain" if len(read) == len(texts) else "likely", why)


def _moments(texts: Iterable[str], form: str) -> list[datetime]:
    """Return the dates that the texts are in a format; none where too few are."""
    found = []
    for text in texts:
        try:
            moment = datetime.strptime(text.strip(), form)
        except ValueError:
            continue
        if _MIN_YEAR <= moment.year <= _MAX_YEAR:
            found.append(moment)
    return found if len(found) >= _PERIODS * len(list(texts)) else []


def _dated(
    form: str, moments: Sequence[datetime], texts: int, certainty: Certainty, why: str
) -> PeriodColumn:
    last = max(moments)
    if "%d" in form and len(moments) > 2 and {moment.day for moment in moments} == {1}:
        return PeriodColumn(f"{form}:M", Counter(M=len(moments)), f"{last:%Y-%m}", certainty, why)
    frequency = "D" if "%d" in form else "M"
    return PeriodColumn(form, Counter({frequency: len(moments)}), f"{last:%Y-%m-%d}",
                   certainty if len(moments) == texts else "likely", why)
