"""Numbers, periods, dates and sizes in a reader's language (CLDR, through Babel)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import (
    format_compact_decimal,
    format_decimal,
    get_decimal_symbol,
    get_group_symbol,
)

from model.records.quality_dimension import points_text
from model.reference.periods import frequency_of, period_start

_TERRITORIES = {"en": "GB"}  # whose dates and numbers a language has here, if not its own


@cache
def _locale(language: str) -> Locale:
    code, _, territory = language.partition("-")
    return Locale(code, territory or _TERRITORIES.get(code))


def number(value: float, language: str, decimals: int = 0) -> str:
    """Return a `value` in a `language` with its indicator's `decimals`.

    A small figure that would be rounded to zero gets three significant digits instead.

    >>> number(1234.5, "vi", 1), number(0.00012, "en", 2)
    ('1.234,5', '0.00012')
    """
    if value and abs(value) < 0.5 * 10**-decimals:
        pattern = "@##" if abs(value) < 1 else "#,##0"
        return format_decimal(value, pattern, locale=_locale(language))
    # As format_decimal rounds and groups with the pattern #,##0.00, in a tenth of its time: pages
    # have tens of thousands of figures.
    return f"{Decimal(repr(value)):,.{decimals}f}".translate(_signs(language))


@cache
def _signs(language: str) -> dict[int, str]:
    locale = _locale(language)
    return str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})


def number_in_full(value: float | None, language: str) -> str:
    """Return a `value` in a `language` with every digit that it has; "" for None.

    >>> number_in_full(1234.56789, "vi")
    '1.234,56789'
    """
    if value is None:
        return ""
    text = f"{Decimal(repr(value)):,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).translate(_signs(language))


def points(value: float, language: str) -> str:
    """Return a total or a score of a dataset's quality (`value`, 0 to 100) in a `language`.

    >>> points(99.97, "vi")
    '99,9'
    """
    text = points_text(value)
    return text.replace(".", get_decimal_symbol(_locale(language)))


def axis_number(value: float, language: str, decimals: int, compact: bool) -> str:
    """Return a `value` for an axis in a `language`, with at most `decimals` or `compact`: 1.2M."""
    if compact and value:
        return format_compact_decimal(
            value,
            format_type="long" if language == "vi" else "short",
            fraction_digits=1,
            locale=_locale(language),
        )
    pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
    return format_decimal(value, pattern, locale=_locale(language))


@lru_cache(maxsize=10_000)
def day(moment: datetime | date, language: str) -> str:
    """Return a date (of a `moment`, in UTC) in a `language`, for tables and sentences alike.

    >>> day(date(2026, 11, 4), "vi"), day(date(2026, 11, 4), "en")
    ('04/11/2026', '4 November 2026')
    """
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    if language == "vi":
        return moment.strftime("%d/%m/%Y")
    return format_date(moment, "long", locale=_locale(language))


def period(iso: str, language: str) -> str:
    """Return an `iso` period in words of a `language`; other text is returned unchanged.

    >>> period("2023-Q1", "vi"), period("2023-01-01/P6M", "en")
    ('quý 1/2023', 'first 6 months of 2023')
    """
    freq = frequency_of(iso)
    vi = language == "vi"
    if freq == "S":
        half = "nửa đầu" if iso.endswith("1") else "nửa cuối"
        return f"{half} năm {iso[:4]}" if vi else f"H{iso[-1]} {iso[:4]}"
    if freq == "Q":
        return f"quý {iso[-1]}/{iso[:4]}" if vi else f"Q{iso[-1]} {iso[:4]}"
    if freq == "M":
        if vi:
            return f"{iso[5:7]}/{iso[:4]}"
        return format_skeleton("yMMM", period_start(iso), locale=_locale(language))
    if freq == "W":
        return f"tuần {iso[6:]}/{iso[:4]}" if vi else f"week {iso[6:]}, {iso[:4]}"
    if freq == "D":
        return day(period_start(iso), language)
    if freq == "YTD":
        months = iso.rsplit("P", 1)[1].removesuffix("M")
        return f"{months} tháng đầu năm {iso[:4]}" if vi else f"first {months} months of {iso[:4]}"
    return iso


def span(first: str | None, last: str | None, language: str) -> str:
    """Return the periods `first` to `last` in words of a `language`; "" where there are none."""
    if not first or not last:
        return ""
    if first == last:
        return period(first, language)
    return f"{period(first, language)} – {period(last, language)}"


def size(count: int, language: str) -> str:
    """Return a file's size (a `count` of bytes) in a `language`: 14,2 kB."""
    value: float = count
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{number(value, language, 0 if unit == 'B' else 1)}\u00a0{unit}"


def duration(milliseconds: float, language: str) -> str:
    """Return how long something took (`milliseconds`) in a `language`: 12 ms, 1,4 s."""
    if milliseconds < 1000:
        return f"{number(milliseconds, language)}\u00a0ms"
    return f"{number(milliseconds / 1000, language, 1)}\u00a0s"
