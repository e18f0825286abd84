"""Time periods: ISO 8601 text with its SDMX frequency, from the ways in which sources write them.

    annual      A  2023
    half-year   S  2023-S1
    quarter     Q  2023-Q1
    month       M  2023-01
    day         D  2023-01-31
    year to date   2023-01-01/P6M   an SDMX time range: the first six months, cumulated;
                                    its own kind, never mixed with months or years

Source: SDMX 3.0 technical notes, section "Observational Time Period".
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from model.util.text import fold

Frequency = Literal["A", "S", "Q", "M", "W", "D", "YTD"]

FREQUENCY_DAYS: dict[str, int] = {"A": 366, "S": 184, "Q": 92, "M": 31, "W": 7, "D": 1, "YTD": 31}

# Days after the end of a period within which publishers of this field are used to release it:
# yearly figures of statistics offices come out within the following year.
GRACE_DAYS: dict[str, int] = {"A": 366, "S": 184, "Q": 92, "M": 45, "W": 14, "D": 7, "YTD": 45}

_PATTERNS: tuple[tuple[Frequency, re.Pattern[str]], ...] = (
    ("A", re.compile(r"[0-9]{4}")),
    ("S", re.compile(r"[0-9]{4}-S[12]")),
    ("Q", re.compile(r"[0-9]{4}-Q[1-4]")),
    ("M", re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")),
    ("W", re.compile(r"[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])")),
    ("D", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    ("YTD", re.compile(r"[0-9]{4}-01-01/P([1-9]|1[0-2])M")),
)

# Only 0-9 are digits, in every engine.
PERIOD_PATTERNS: dict[Frequency, str] = {freq: pattern.pattern for freq, pattern in _PATTERNS}

MIN_YEAR, MAX_YEAR = 1600, 2200
YEARS = f"{MIN_YEAR}-{MAX_YEAR}"


class YearOutOfRangeError(ValueError):
    """A period that can be read, but whose year is no year of statistics."""


class TimePeriod(NamedTuple):
    """A period in ISO 8601 and its frequency, with the status a label like "Prel." carries."""

    iso: str
    freq: Frequency
    status: str | None = None


def frequency_of(iso: str) -> Frequency | None:
    """Return the frequency of an ISO period as this project writes it, or None."""
    for freq, pattern in _PATTERNS:
        if pattern.fullmatch(iso):
            if freq in ("D", "W"):  # the pattern has days and weeks that not every year has
                try:
                    date.fromisoformat(iso)
                except ValueError:
                    return None
            return freq
    return None


def period_start(iso: str) -> date:
    """Return the first day of a period.

    Raises:
        ValueError: `iso` is no time period.
    """
    freq = frequency_of(iso)
    year = int(iso[:4]) if freq else 0
    if freq in ("A", "YTD"):
        return date(year, 1, 1)
    if freq == "S":
        return date(year, 1 if iso.endswith("1") else 7, 1)
    if freq == "Q":
        return date(year, int(iso[-1]) * 3 - 2, 1)
    if freq == "M":
        return date(year, int(iso[5:7]), 1)
    if freq == "W":
        return date.fromisocalendar(year, int(iso[6:]), 1)
    if freq == "D":
        return date.fromisoformat(iso)
    raise ValueError(f"{iso!r} is no time period")


def period_end(iso: str) -> date:
    """Return the last day of a period.

    Raises:
        ValueError: `iso` is no time period.
    """
    if frequency_of(iso) == "YTD":
        months = int(iso.rpartition("P")[2].removesuffix("M"))
        return _month_start(int(iso[:4]), months + 1) - timedelta(days=1)
    return period_start(next_period(iso)) - timedelta(days=1)


def begins(iso: str) -> date:
    """Return the day before which there can be no observation of a period.

    It is the first day; of the year to date, the first day of its last month.

    Raises:
        ValueError: `iso` is no time period.
    """
    return period_end(iso).replace(day=1) if frequency_of(iso) == "YTD" else period_start(iso)


def next_period(iso: str) -> str:
    """Return the period of the same kind that comes next; year to date goes month by month.

    Raises:
        ValueError: `iso` is no time period.
    """
    freq, start = frequency_of(iso), period_start(iso)
    year = start.year
    if freq == "A":
        return f"{year + 1}"
    if freq == "S":
        return f"{year}-S2" if iso.endswith("1") else f"{year + 1}-S1"
    if freq == "Q":
        quarter = int(iso[-1])
        return f"{year}-Q{quarter + 1}" if quarter < 4 else f"{year + 1}-Q1"
    if freq == "M":
        return f"{_month_start(year, start.month + 1):%Y-%m}"
    if freq == "W":
        coming = (start + timedelta(days=7)).isocalendar()
        return f"{coming.year}-W{coming.week:02d}"
    if freq == "D":
        return (start + timedelta(days=1)).isoformat()
    months = int(iso.rpartition("P")[2].removesuffix("M"))
    return f"{year}-01-01/P{months + 1}M" if months < 12 else f"{year + 1}-01-01/P1M"


def missing_before(periods: Sequence[str]) -> list[int]:
    """Return for each of a series' `periods`, in order, how many are missing right before it.

    Of a series with a rhythm of its own none is missing: a census every ten years, prices of
    working days. A year to date begins anew each January, which counts as one, and is known for
    some months only. Where `periods` are not of one frequency, nothing is known to be missing.

    >>> missing_before(["2010", "2011", "2014"]), missing_before(["2010", "2012", "2014", "2016"])
    ([0, 0, 2], [0, 0, 0, 0])
    """
    kinds = {frequency_of(iso) for iso in periods}
    freq = next(iter(kinds), None)
    if len(kinds) != 1 or freq is None:
        return [0] * len(periods)
    if freq == "YTD":
        return [0, *(int(a[:4] != b[:4]) for a, b in pairwise(periods))]
    days = [period_start(iso) for iso in periods]
    steps = [round((b - a).days / FREQUENCY_DAYS[freq]) for a, b in pairwise(days)]
    rhythm = 1
    if len(steps) > 2 and len({*steps}) == 1:
        rhythm = max(steps[0], 1)
    elif freq == "D" and all(day.weekday() < 5 for day in days):
        rhythm = 3  # from Friday to Monday
    return [0, *(max(step - rhythm, 0) for step in steps)]


def _month_start(year: int, month: int) -> date:
    """Return the first day of a month; 13 is January of the year after."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def parse_period(text: str, form: str = "auto") -> TimePeriod:
    """Read a period as a source writes it.

    Args:
        text: e.g. "2023", "1960M01", "2000Q1", "Prel. 2024", "Tháng 3/2024", "31/12/2020".
        form: "auto" reads only what is unambiguous; a strptime pattern such as "%d/%m/%Y"
            reads a date in the declared order; "%m/%d/%Y:M" reads a date and keeps the month.

    Raises:
        ValueError: says what is wrong; never guesses between day and month.
    """
    if form != "auto":
        return _with_pattern(text, form)
    if any(char.isdigit() and not char.isascii() for char in text):
        raise ValueError(f"{text!r} has digits other than 0-9: it is no period that can be read")
    label, status = _split_status(text)
    for reader in (_iso, _sdmx_like, _english_month, _vietnamese):
        period = reader(label)
        if period is not None:
            _check_year(period, text)
            return TimePeriod(period.iso, period.freq, status)
    raise ValueError(
        f"{text!r} is no period that can be read without a declared format"
        " (declare `format:`, e.g. \"%d/%m/%Y\")"
    )


def _check_year(period: TimePeriod, text: str) -> None:
    if not MIN_YEAR <= int(period.iso[:4]) <= MAX_YEAR:
        raise YearOutOfRangeError(f"{text!r}: the year is outside {YEARS}")


def _with_pattern(text: str, form: str) -> TimePeriod:
    pattern, _, keep = form.partition(":")
    try:
        moment = datetime.strptime(text.strip(), pattern)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date written as {pattern!r}") from error
    freq = keep or _finest(pattern)
    day = moment.date().isoformat()  # strftime writes the year 1 as "1"
    period = {
        "A": TimePeriod(day[:4], "A"),
        "Q": TimePeriod(f"{day[:4]}-Q{(moment.month + 2) // 3}", "Q"),
        "M": TimePeriod(day[:7], "M"),
        "D": TimePeriod(day, "D"),
    }.get(freq)
    if period is None:
        raise ValueError(f"the format {form!r} names no known frequency (A, Q, M, D)")
    _check_year(period, text)
    return period


def _finest(pattern: str) -> str:
    if "%d" in pattern or "%j" in pattern:
        return "D"
    return "M" if re.search(r"%[mbB]", pattern) else "A"


_STATUS_WORDS = {
    "prel": "P", "pre": "P", "preliminary": "P", "so bo": "P", "p": "P",
    "est": "E", "estimate": "E", "estimated": "E", "uoc tinh": "E", "uoc": "E", "e": "E",
}


def _split_status(text: str) -> tuple[str, str | None]:
    """Take "Prel. 2024" or "Sơ bộ quý I/2024" apart into the period and an SDMX status."""
    label = " ".join(text.replace("\u00a0", " ").split())
    label = re.sub(r"(?<=[^\W\d])\.(?=\d{4}$)", ". ", label)  # "Est.2025"
    year_last = re.fullmatch(r"([A-Za-z])[. ]*(\d{4})|(\d{4})[( ]*([A-Za-z])[.)]*", label)
    if year_last:  # "p 2024", "2024p"
        letter, year = year_last[1] or year_last[4], year_last[2] or year_last[3]
        status = _STATUS_WORDS.get(letter.lower())
        return (year, status) if status else (label, None)
    status = None
    while True:  # "Sơ bộ - Prel. 2024" says it twice
        found = _status_word(label.split())
        if found is None or status not in (None, found[1]):
            return label, status
        label, status = found


def _status_word(words: list[str]) -> tuple[str, str] | None:
    for count in (2, 1):
        if len(words) <= count:
            continue
        for word, rest in ((words[:count], words[count:]), (words[-count:], words[:-count])):
            status = _STATUS_WORDS.get(fold(" ".join(word)).strip(" .:()-–/"))
            if status:
                return " ".join(rest).strip(" -–/"), status
    return None


def _iso(label: str) -> TimePeriod | None:
    freq = frequency_of(label)
    return TimePeriod(label, freq) if freq else None


def _sdmx_like(label: str) -> TimePeriod | None:
    match = re.fullmatch(r"(\d{4})[- ]?([MQSmqs])(\d{1,2})", label)
    if match:
        year, kind, number = match[1], match[2].upper(), int(match[3])
        if kind == "M" and 1 <= number <= 12:
            return TimePeriod(f"{year}-{number:02d}", "M")
        if kind == "Q" and 1 <= number <= 4:
            return TimePeriod(f"{year}-Q{number}", "Q")
        if kind == "S" and 1 <= number <= 2:
            return TimePeriod(f"{year}-S{number}", "S")
    match = re.fullmatch(r"(\d{4}) \[YR\1\]", label)
    return TimePeriod(match[1], "A") if match else None


_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)


def _english_month(label: str) -> TimePeriod | None:
    """Read "Jan. 2016" and "2016 January": the year stands beside the month or in its heading."""
    match = re.fullmatch(r"([a-z]{3,9})\.? (\d{4})|(\d{4}) ([a-z]{3,9})\.?", fold(label))
    if match is None:
        return None
    word, year = (match[1], match[2]) if match[1] else (match[4], match[3])
    word = "sep" if word == "sept" else word
    number = next((n for n, name in enumerate(_MONTHS, start=1) if word in (name, name[:3])), None)
    return TimePeriod(f"{year}-{number:02d}", "M") if number else None


_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


def _vietnamese(label: str) -> TimePeriod | None:
    folded = fold(label)
    if match := re.fullmatch(r"(?:(?:thuc hien )?(?:ca )?nam |thuc hien )(\d{4})", folded):
        return TimePeriod(match[1], "A")
    if match := re.fullmatch(r"(?:nam )?(\d{4}) (?:ca|binh quan|trung binh) nam", folded):
        return TimePeriod(match[1], "A")  # the row below the twelve months
    if match := re.fullmatch(
        r"(?:nam )?(\d{4})[/,.:-]? ?((?:quy|thang) \w+|\d{1,2} thang)", folded
    ):
        folded = f"{match[2]} {match[1]}"  # the year stood above, in a header of two rows
    match = re.fullmatch(r"(?:thang |t)(\d{1,2})(?:[/,.-]| nam)? ?(\d{4})", folded)
    if match and 1 <= int(match[1]) <= 12:
        return TimePeriod(f"{match[2]}-{int(match[1]):02d}", "M")
    if match := re.fullmatch(r"6 thang cuoi nam (\d{4})", folded):
        return TimePeriod(f"{match[1]}-S2", "S")
    if match := re.fullmatch(r"(?:quy |q)(iv|i{1,3}|[1-4])(?:[/,.-]| nam)? ?(\d{4})", folded):
        quarter = _ROMAN.get(match[1]) or int(match[1])
        return TimePeriod(f"{match[2]}-Q{quarter}", "Q")
    match = re.fullmatch(r"(\d{1,2}) thang(?: dau nam|[/,.-]| nam)? ?(\d{4})", folded)
    if match and 1 <= int(match[1]) <= 12:
        return TimePeriod(f"{match[2]}-01-01/P{int(match[1])}M", "YTD")
    return None
