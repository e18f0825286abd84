"""Headings that name a period, and perhaps a category, a unit and a mark: "Prel. 2016 Hospital".

The forms are those of statistics offices. Each is a regular expression as `unpivot: {matching}` has
it, so that a heading that the next edition adds ("Prel. 2027") is read, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.reference.periods import parse_period
from model.util.text import fold

_YEAR = r"(?:19|20)\d\d"
# Words before a year that hold no digit and no bracket: "Prel. ", "Sơ bộ ", "Ước tính năm ".
_WORDS = r"(?:[^\W\d_][^\d()]{0,30})?"
# The same where a category stands before them, so that they must be known.
_STATUS = r"(?:(?:Prel|Pre|Est|Sơ bộ|Ước tính|Ước|Thực hiện|Năm)\b\.? ?)*"
_MARK = r"(?: ?\(\*{1,3}\))?"
_MARKS = re.compile(r"\(\*{1,3}\)")
_UNIT = re.compile(r".*?( ?\((?:ĐVT|Đơn vị(?: tính)?|Unit) ?: ?([^()]+)\))", re.IGNORECASE)
_PARTS = 4  # at least, for names of months or quarters to be a column or headings
_TOTALS = re.compile(
    r"(general |grand )?(total|average)|all|both sexes|tong(?: so| cong)?|chung|ca nuoc|whole .*"
)


@dataclass(frozen=True)
class Headings:
    """Columns that are named by periods.

    matching: the regular expression that takes their names apart, with the groups `period` and,
        where the names have one, `category`; None where no expression matches them alone.
    names: the columns, each with its period and its category ("" without).
    marks: marks that stand behind a period, e.g. "(*)".
    unit: the unit that all of them name, "" without.
    doubt: what a person must confirm about the reading, "" without.
    """

    matching: str | None
    names: Mapping[str, tuple[str, str]]
    marks: tuple[str, ...] = ()
    unit: str = ""
    doubt: str = ""

    @property
    def periods(self) -> list[str]:
        """The periods, as they are written, without marks."""
        return [_MARKS.sub("", period).strip() for period, _ in self.names.values()]

    @property
    def categories(self) -> list[str]:
        """The distinct categories, in order."""
        return list(dict.fromkeys(each for _, each in self.names.values() if each))


def headings_of(columns: Sequence[str]) -> Headings | None:
    """Find which of all `columns` of a table are named by periods, None where there are none."""
    found: list[tuple[int, int, Headings]] = []
    for order, (form, doubt) in enumerate(_forms(columns)):
        names = dict(_taken_apart(form, columns))
        categories = {category for _, category in names.values()}
        several = len({period for period, _ in names.values()}) > 1
        if len(names) < 2 or not (several or len(categories) > 1):
            continue
        if categories != {""} and len(names) <= len(columns) / 2:
            continue
        marks = sorted({mark for name in names for mark in _MARKS.findall(names[name][0])})
        matched = {name for name in columns if re.fullmatch(form, name)}
        found.append((len(names), -order, Headings(
            form if matched == set(names) else None, names, tuple(marks), _unit_of(names), doubt,
        )))
    return max(found, key=lambda each: each[:2])[2] if found else None


def _forms(columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the expressions to try, each with the doubt that it leaves; plain ones first."""
    units = {found[1] for name in columns if (found := _UNIT.fullmatch(name))}
    escaped = "|".join(re.escape(each).replace(r"\ ", " ") for each in sorted(units))
    unit = f"(?:{escaped})?" if units else ""
    for plain in (r"\d{4}", r"\d{4} \[YR\d{4}\]", r"\d{4}Q[1-4]", r"\d{4}M\d{2}", r"\d{4}-\d{2}"):
        yield f"(?P<period>{plain})", ""
    yield f"(?P<period>{_WORDS}{_YEAR}{_MARK}){unit}", ""
    yield f"X(?P<period>{_YEAR})", ""
    yield (
        rf"(?P<period>{_YEAR})\s?[-–/]\s?(?:19|20)?\d\d{_MARK}",
        "two years, e.g. a school year: the first of them is taken",
    )
    yield (
        rf"(?P<period>{_WORDS}{_YEAR}) (?:so với|over|compared with|/) ?{_WORDS}{_YEAR}",
        "one year compared with another: the first of them is taken",
    )
    yield rf"(?P<period>{_WORDS}{_YEAR}{_MARK})[ _:|,-]+(?P<category>[^\W\d].*)", ""
    yield rf"(?P<category>[^\W\d].*?)[ _:|,-]+(?P<period>{_STATUS}{_YEAR}{_MARK})", ""


def _taken_apart(form: str, columns: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    pattern = re.compile(form)
    for name in columns:
        found = pattern.fullmatch(name)
        if found is None or not _is_period(_MARKS.sub("", found["period"])):
            continue
        category = found["category"] if "category" in pattern.groupindex else ""
        yield name, (found["period"].strip(), category.strip())


def _unit_of(names: Mapping[str, tuple[str, str]]) -> str:
    """Return the unit that all headings name, "" where they name none or several."""
    found = {each[2].strip() if (each := _UNIT.fullmatch(name)) else "" for name in names}
    return found.pop() if len(found) == 1 else ""


def _is_period(text: str) -> bool:
    """Whether a text is a period that needs no declared format."""
    try:
        parse_period(text.strip())
    except ValueError:
        return False
    return True


def are_parts_of_year(texts: Sequence[str]) -> bool:
    """Whether most texts name a month or quarter without a year; the others may be totals."""
    parts = [text for text in texts if is_part_of_year(text)]
    return len(set(parts)) >= _PARTS and len(parts) >= 0.8 * len(texts)


def is_part_of_year(text: str) -> bool:
    """Whether a text is a month or a quarter that lacks its year: "Jan.", "Tháng 1", "Quý I"."""
    if text.strip()[:1].isdigit():
        return False
    try:
        return parse_period(f"2000 {text}").freq in ("M", "Q")
    except ValueError:
        return False


def is_total(text: str) -> bool:
    """Whether a category stands for all of them."""
    return _TOTALS.fullmatch(fold(text)) is not None
