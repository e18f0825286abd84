"""Why a row could not be read: codes with parameters, put into words where they are shown.

The quarantine keeps a row's reasons as text: `<check>: <its title>` for a check that it fails, and
for a row that could not be read a JSON list of RejectReason. What is not ours in them, the source's
own words and the names of codes, stays as it is in every language.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from model.util.hashing import canonical_json
from model.util.text import LocalizedText, joined, localized, plain


class RejectReason(NamedTuple):
    """One reason: a code of WORDS and its parameters."""

    code: str
    params: Mapping[str, str]

    @property
    def words(self) -> LocalizedText:
        """The reason as a sentence."""
        template = WORDS[self.code]
        vi, en = template.vi, template.en
        for name, (more_vi, more_en) in template.optional.items():
            if self.params.get(name):
                vi, en = vi + more_vi, en + more_en
        concept = self.params.get("concept", "")
        params = {"of": f"{concept}: " if concept else "", **self.params}
        return LocalizedText(vi=plain(vi.format(**params)), en=plain(en.format(**params)))

    def as_json(self) -> str:
        """Return the reason as the quarantine keeps it, one of a list."""
        return canonical_json({"code": self.code, **self.params})


class RejectError(ValueError):
    """A source's text that cannot be read, with the reasons."""

    def __init__(self, *reasons: RejectReason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.words.get("en") for reason in reasons))


class _Template(NamedTuple):
    vi: str
    en: str
    optional: Mapping[str, tuple[str, str]] = {}  # parameter -> what it adds


# `{of}` is the concept and a colon, where the reason names one.
WORDS: dict[str, _Template] = {
    "empty": _Template("thiếu {concept}", "{concept} is empty"),
    "period": _Template("không đọc được kỳ thời gian {text!r}", "time period: {detail}"),
    "year_outside": _Template(
        "năm của kỳ {text!r} nằm ngoài {range}",
        "time period: {text!r}: the year is outside {range}",
    ),
    "future_period": _Template(
        "kỳ thời gian {text} chưa bắt đầu vào ngày lấy dữ liệu {day}; nếu là dự báo hoặc chỉ tiêu"
        " kế hoạch, khai báo `kind` của chỉ tiêu {indicator}",
        "time period {text} had not begun on {day}, when the source was read; for a projection or a"
        " target, declare the `kind` of indicator {indicator}",
    ),
    "status": _Template(
        "trạng thái {text!r} không thuộc các mã {known}", "status {text!r} is none of {known}"
    ),
    "scale": _Template(
        "bậc đơn vị {text!r} không thuộc {known}", "scale {text!r} is none of {known}"
    ),
    "not_a_number": _Template(
        "{of}giá trị {text!r} không phải là số theo cách viết đã khai báo",
        "{of}value {text!r} is not a number written as {locale}",
    ),
    "too_large": _Template(
        "{of}giá trị {text!r} quá lớn", "{of}value {text!r} is too large for a number"
    ),
    "not_finite": _Template(
        "{of}giá trị không phải là số hữu hạn", "{of}the value is not a finite number"
    ),
    "not_in_codelist": _Template(
        "{of}{text!r} không có trong danh mục mã {codelist}",
        "{of}{text!r} is not in codelist {codelist}",
        {
            "kinds": (
                "; tên này chỉ có ở đơn vị loại khác ({kinds}): {areas}",
                ", which has of this name only a unit of another kind ({kinds}): {areas}",
            ),
            "near": (" (gần với {near!r})", " (did you mean {near!r}?)"),
        },
    ),
    "ambiguous": _Template(
        "{of}{text!r} có thể hiểu theo nhiều cách trong danh mục mã {codelist}: {areas}",
        "{of}{text!r} is ambiguous in codelist {codelist}: it can mean {areas}",
    ),
    "not_within": _Template(
        "{of}{text!r} trong danh mục mã {codelist} là {areas}, không thuộc {within}",
        "{of}{text!r} is {areas} in codelist {codelist}, not within {within}",
    ),
    "named_otherwise": _Template(
        "{of}{text!r} trong danh mục mã {codelist} là {areas}, nhưng nguồn gọi là {name!r}",
        "{of}{text!r} is {areas} in codelist {codelist}, but the source names it {name!r}",
    ),
    "elsewhere": _Template(
        "trong danh mục mã {codelist} là {areas}", "in {codelist} it is {areas}",
        {"now": (", nay là {now}", ", now {now}")},
    ),
    "no_successor": _Template(
        "{of}{areas} không có đơn vị kế tục trong {codelist}",
        "{of}{areas} has no successor in {codelist}",
    ),
    "split": _Template(
        "{of}{areas} đã được tách thành {into}",
        "{of}{areas} was split into {into}: declare which",
    ),
    "part_of_split": _Template(
        "{of}{into} chỉ gồm một phần của {areas}, đơn vị đã được tách",
        "{of}{into} has only a part of {areas}, which was split",
    ),
    "part": _Template(
        "{of}{areas} chỉ là một phần của {into} (`successor: sum` cộng các phần lại)",
        "{of}{areas} is only a part of {into} (`successor: sum` adds the parts up)",
    ),
    "parts_missing": _Template(
        "{of}{parts} phần của {into} chỉ có {figures} số liệu",
        "{of}the {parts} parts of {into} have {figures} figures",
    ),
    "parts_differ": _Template(
        "{of}các phần của {into} có trạng thái khác nhau",
        "{of}the parts of {into} have several statuses",
    ),
    "footnote": _Template(
        "chú thích {text!r} không có trong các chú thích của tập dữ liệu",
        "footnotes: {text!r} is not among the dataset's",
    ),
}


def reason(code: str, **params: str) -> RejectReason:
    """Return a reason: a code of WORDS, and its parameters by name."""
    return RejectReason(code, params)


def read_reasons(text: str) -> tuple[RejectReason, ...]:
    """Return the reasons that the quarantine keeps of a row that could not be read.

    Raises:
        ValueError: the text is no list of them.
    """
    found = []
    for item in json.loads(text):
        params = {name: str(value) for name, value in item.items() if value is not None}
        found.append(RejectReason(params.pop("code"), params))
    return tuple(found)


def in_words(text: str, titles: Mapping[str, LocalizedText]) -> LocalizedText:
    """Return one of a row's reasons in every language.

    Args:
        text: as the quarantine keeps it.
        titles: of the checks of the dataset's suite, by name.
    """
    name = text.partition(":")[0]
    if name in titles:
        return titles[name]
    try:
        every = [each.words for each in read_reasons(text)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return localized(lambda _: plain(text))  # of a check that the suite has no longer
    return joined(every)
