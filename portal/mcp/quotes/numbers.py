"""Numbers and periods in a text, in Vietnamese and English, with their place in it."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from portal.mcp.asking.periods import one_period

Kind = Literal["percent", "vnd", "usd", ""]

_SCALE_WORDS = (
    (r"nghìn tỷ|nghìn tỉ|ngàn tỷ|ngàn tỉ|nghin ty|ngan ty|trillion", 12),
    (r"tỷ|tỉ|ty|billion|bn", 9), (r"triệu|trieu|million|mn|mln|tr", 6),
    (r"vạn", 4), (r"nghìn|ngàn|nghin|ngan|thousand|k", 3),
)
_SCALE = "|".join(f"(?P<e{power}>{words})" for words, power in _SCALE_WORDS)
_NUMBER = re.compile(
    r"(?<![\w.,/–-])(?P<sign>[-−–](?=\d))?"
    r"(?P<digits>\d+(?:[.,]\d+)+|\d{1,3}(?:[\u00a0\u202f ]\d{3})+(?!\d)|\d+)"
    rf"(?:[\u00a0 ]?(?:{_SCALE})(?!\w))?"
    r"(?P<percent>[\u00a0 ]?(?:%|phần trăm|phan tram|percent\b|per cent\b))?",
    re.IGNORECASE,
)
_VND = re.compile(r"\W{0,2}(?:đồng|dong|vnd|đ)(?!\w)", re.IGNORECASE)
_USD = re.compile(r"\W{0,2}(?:usd|us dollars?|dollars?|đô la|do la|đôla)(?!\w)", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_COUNTED = re.compile(  # what makes a number of four digits a figure, not a year
    r"[^\w,;]{0,2}(?:lượt|người|khách|tấn|ha|đồng|usd|doanh nghiệp|phòng|giường|chuyến|trường|"
    r"luot|nguoi|khach|tan|doanh nghiep|phong|giuong|"
    r"people|persons|visitors|guests|passengers|arrivals|tonnes|rooms|beds|enterprises|hotels|"
    r"schools|classes|teachers|pupils|students|cases|projects|hectares)(?!\w)",
    re.IGNORECASE,
)
# Words that tell Vietnamese without tones; "nam" is also the end of names of places.
_PLAIN_VIETNAMESE = frozenset({
    "nghin", "trieu", "ty", "luot", "dat", "cua", "nguoi", "tang", "giam", "la", "voi", "duoc",
    "trong", "thang",
})
_WORDS = re.compile(r"[^\W\d_]+")
_PART_OF_NAME = re.compile(r"/|[^\W\d_]|[-–]\d")  # 202/2025/QH15, 4G, 2015-2020
_JOINED = re.compile(r"\s*(?:,|and|or|và|va|hay|hoặc)\s*")
_PER = re.compile(r"(?:\bper|trên|tren|mỗi|moi|bình quân|binh quan)\W*$", re.IGNORECASE)
# "TP. Hồ Chí Minh": a full stop that ends no sentence.
_SENTENCE = re.compile(r"(?<!\bTP)(?<!\bTp)(?<!\bSt)(?<!\bNo)[.!?…](?=\s+\S)|\n+")
_BASE_YEAR = re.compile(
    r"(?:giá so sánh|gia so sanh|giá năm|constant|so với giá)\W+(?:năm\W+|nam\W+)?$", re.IGNORECASE
)
_MONTHS = ("january|february|march|april|may|june|july|august|september|october|november|december|"
           "jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec")
_PERIODS = re.compile(
    r"(?P<ytd>\b\d{1,2}\s+tháng(?:\s+đầu)?(?:\s+năm)?\s*(?:của\s+)?/?\s*\d{4}"
    r"|\b\d{1,2}\s+thang(?:\s+dau)?(?:\s+nam)?\s*/?\s*\d{4}"
    r"|\b(?:the\s+)?first\s+(?:\d{1,2}|three|six|nine)\s+months\s+of\s+\d{4}"
    r"|\b(?:the\s+)?first\s+half\s+of\s+\d{4}|\bH1\s*/?\d{4}|\bnửa đầu năm\s+\d{4})"
    r"|(?P<quarter>\bqu[ýy]\s*(?:[1-4]|IV|I{1,3})\s*[/ ]\s*(?:năm\s+|nam\s+)?\d{4}"
    r"|\bQ[1-4][ /]?\d{4}"
    r"|\b(?:the\s+)?(?:first|second|third|fourth)\s+quarter\s+of\s+\d{4})"
    r"|(?P<month>\bth[áa]ng\s*\d{1,2}\s*(?:[/-]|năm|nam)?\s*\d{4}"
    rf"|\b(?:{_MONTHS})\.?\s+\d{{4}})"
    r"|(?P<day>\b\d{1,2}[/-]\d{1,2}[/-]\d{4}\b)"
    r"|(?P<year>(?<![\d.,/])(?:19|20)\d\d(?![\d/]|[.,]\d))",
    re.IGNORECASE,
)


class WrittenNumber(NamedTuple):
    """A number as it is written.

    value: with its scale: "8,7 triệu" is 8,700,000.
    step: what the last digit that was written counts: 100,000.
    coarse: what the last digit but zeros counts.
    other: how it would be read by the other language's signs; None where it is the same.
    scale: the power of ten that a word after it says.
    """

    text: str
    start: int
    end: int
    value: Decimal
    step: Decimal
    coarse: Decimal
    kind: Kind
    other: Decimal | None
    scale: int

    def sharing(self, following: "WrittenNumber") -> "WrittenNumber":
        """Return it with the scale and kind of the number that follows: "1,2 và 3,4 triệu"."""
        power = following.scale
        return self._replace(
            value=self.value.scaleb(power), step=self.step.scaleb(power),
            coarse=self.coarse.scaleb(power), kind=following.kind, scale=power,
            other=None if self.other is None else self.other.scaleb(power),
        )


class Stretch(NamedTuple):
    """A piece of a text with its position."""

    text: str
    start: int
    end: int


class PeriodSaid(NamedTuple):
    """A period that a text names."""

    iso: str
    start: int
    end: int


def _is_vietnamese(text: str) -> bool:
    """Say whether a text is Vietnamese, with tones or without; a name or two do not make it so."""
    found = [word.casefold() for word in _WORDS.findall(text)]
    telling = sum(not word.isascii() or word in _PLAIN_VIETNAMESE for word in found)
    return telling > len(found) / 5


def sentences(text: str) -> Iterator[Stretch]:
    """Give the sentences of a text."""
    start = 0
    for found in _SENTENCE.finditer(text):
        if text[start:found.start()].strip():
            yield Stretch(text[start:found.end()], start, found.end())
        start = found.end()
    if text[start:].strip():
        yield Stretch(text[start:], start, len(text))


def periods(text: str) -> list[PeriodSaid]:
    """Return the periods that a sentence names; the year of constant prices is none."""
    found = []
    for each in _PERIODS.finditer(text):
        if each["day"] or (each["year"] and (
            _BASE_YEAR.search(text[:each.start()]) or re.match(r"\s+prices", text[each.end():])
            or _COUNTED.match(text[each.end():])
        )):
            continue
        written = re.sub(r"\s+", " ", each[0])
        try:
            found.append(PeriodSaid(one_period(written.replace("của ", "")), *each.span()))
        except ValueError:
            continue
    return found


def numbers(text: str, taken: list[PeriodSaid]) -> list[WrittenNumber]:
    """Return the figures in a `text`: neither years and dates nor numbers of laws and names.

    `taken` are the periods in it.
    """
    vietnamese = _is_vietnamese(text)
    found = []
    dates = [each.span() for each in _PERIODS.finditer(text) if each["day"]]
    spans = [(each.start, each.end) for each in taken] + dates
    for each in _NUMBER.finditer(text):
        start, end = each.span()
        after = text[end:]
        if any(start < stop and begin < end for begin, stop in spans):
            continue
        if _PART_OF_NAME.match(after) or (
            _PER.search(text[:start]) and re.fullmatch(r"10+", re.sub(r"\W", "", each["digits"]))
        ):
            continue
        scale = next((power for _, power in _SCALE_WORDS if each[f"e{power}"]), 0)
        digits = each["digits"]
        plain = scale == 0 and not each["percent"]
        if plain and _YEAR.fullmatch(digits) and not _COUNTED.match(after):
            continue
        readings = _readings(digits, vietnamese)
        value, decimals = readings[0]
        step = Decimal(1).scaleb(scale - decimals)
        sign = -1 if each["sign"] else 1
        whole = digits.replace(".", "").replace(",", "").replace(" ", "")
        zeros = len(whole) - len(whole.rstrip("0")) if decimals == 0 else 0
        kind: Kind = "percent" if each["percent"] else "vnd" if _VND.match(after) else (
            "usd" if _USD.match(after) or text[:start].rstrip().endswith(("$", "USD")) else ""
        )
        found.append(WrittenNumber(
            each[0], start, end, sign * value.scaleb(scale), step,
            Decimal(1).scaleb(scale + min(zeros, max(len(whole) - 2, 0))) if zeros else step, kind,
            readings[1][0].scaleb(scale) if len(readings) > 1 else None, scale,
        ))
    for at in range(len(found) - 2, -1, -1):
        one, following = found[at], found[at + 1]
        if one.scale == 0 and not one.kind and _JOINED.fullmatch(text, one.end, following.start):
            found[at] = one.sharing(following)
    return found


def _readings(digits: str, vietnamese: bool) -> list[tuple[Decimal, int]]:
    """Return what digits mean and how many are decimals: first as the language writes them."""
    group, point = (".", ",") if vietnamese else (",", ".")
    compact = re.sub(r"[\u00a0\u202f ]", "", digits)
    ways = []
    for thousands, decimal in ((group, point), (point, group)):
        whole, _, fraction = compact.partition(decimal)
        parts = whole.split(thousands)
        if decimal in fraction or thousands in fraction or not all(
            len(part) == 3 for part in parts[1:]
        ) or (len(parts) > 1 and not 1 <= len(parts[0]) <= 3):
            continue
        number = "".join(parts) + ("." + fraction if fraction else "")
        way = (Decimal(number), len(fraction))
        if way not in ways:
            ways.append(way)
    return ways or [(Decimal(re.sub(r"\D", "", compact)), 0)]
