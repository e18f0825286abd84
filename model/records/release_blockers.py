"""Release blockers in words: what is wrong, where, and what to do next.

The record keeps them as data (`model.records.validation.ReleaseBlocker`); sentences are made where
they are shown, in the reader's language. Pages name checks by their titles; the command line
adds their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model.records.validation import BlockingCheck, CheckResult, Place, ReleaseBlocker
from model.reference.personal_data import masked
from model.util.text import LocalizedText, joined, plain

PERSONAL = "expect_no_personal_data"
GOLDEN = "expect_golden_cells"
_LISTED = 5  # checks that one sentence names


@dataclass(frozen=True)
class BlockerText:
    """One release blocker in words."""

    what: LocalizedText
    todo: LocalizedText


def describe(blocker: ReleaseBlocker, dataset: str, names: bool = False) -> BlockerText:
    """Return a release blocker in words.

    Args:
        blocker: the release blocker.
        dataset: whose table it is.
        names: with the names of checks, for the command line.
    """
    return _WORDS[blocker.kind](blocker, dataset, names)


def sentences(
    blockers: Sequence[ReleaseBlocker], dataset: str, names: bool = False
) -> list[BlockerText]:
    """Return each release blocker in whole sentences; the arguments are those of `describe`."""
    every = (describe(blocker, dataset, names) for blocker in blockers)
    return [BlockerText(_whole(text.what), _whole(text.todo)) for text in every]


def in_words(
    blockers: Sequence[ReleaseBlocker], dataset: str, names: bool = False
) -> LocalizedText:
    """Return all release blockers as one text, each with what to do about it."""
    every = sentences(blockers, dataset, names)
    return joined((joined((text.what, text.todo), " → ") for text in every), " ")


def finding(check: CheckResult) -> LocalizedText:
    """Return what a check found: failing rows, or of a table what was expected and observed."""
    if check.level == "row":
        return LocalizedText(
            vi=f"{_vi(check.unexpected)} trên {_vi(check.evaluated)} dòng không đạt",
            en=f"{check.unexpected:,} of {check.evaluated:,} rows do not fulfil it",
        )
    found = of_check(check)
    if found.expected is not None and check.unexpected > 1:
        return LocalizedText(
            vi=f"{_vi(check.unexpected)} chỗ không đạt; chỗ đầu tiên: thực tế {found.observed}, cần"
            f" {found.expected}",
            en=f"{check.unexpected:,} findings; the first: found {found.observed}, expected"
            f" {found.expected}",
        )
    if found.expected is not None:
        return LocalizedText(
            vi=f"thực tế {found.observed}, cần {found.expected}",
            en=f"found {found.observed}, expected {found.expected}",
        )
    if found.observed is not None:
        return LocalizedText(
            vi="cần: {title}; thực tế: {found}", en="expected: {title}; found: {found}"
        ).format(title=check.title.in_each(_sentence), found=found.observed)
    if check.unexpected:
        return LocalizedText(
            vi=f"{_vi(check.unexpected)} chỗ không đạt", en=counted(check.unexpected, "finding")
        )
    return LocalizedText(vi="không đạt", en="it is not fulfilled")


def of_check(check: CheckResult) -> BlockingCheck:
    """Return what a release blocker keeps of a failed check."""
    first = check.samples[0] if check.samples and check.level == "table" else {}
    observed, expected = first.get("observed"), first.get("expected")
    if expected is None:
        observed = check.observed
    return BlockingCheck(
        name=check.name, expectation=check.expectation, title=check.title,
        unexpected=check.unexpected, error=check.error,
        observed=None if observed is None else _value(observed),
        expected=None if expected is None else _value(expected),
    )


def counted(number: int, noun: str) -> str:
    """Return how many there are of something, in English: "1 row", "2 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _vi(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _percent_vi(share: float) -> str:
    return f"{share:.2%}".replace(".", ",")


def _value(value: Any) -> str:
    return plain(str(value)) or "–"


def _sentence(text: str) -> str:
    """Return a sentence as a part of another."""
    return plain(text).strip().rstrip(".")


def _whole(text: LocalizedText) -> LocalizedText:
    return text.in_each(lambda said: said[:1].upper() + said[1:] + ".")


def _title(check: BlockingCheck, names: bool) -> LocalizedText:
    name = f" ({check.name})" if names else ""
    return check.title.in_each(lambda title: f"“{_sentence(title)}”{name}")


def _join(texts: Sequence[LocalizedText]) -> LocalizedText:
    shown, more = texts[:_LISTED], len(texts) - _LISTED
    if more <= 0:
        return joined(shown)
    return LocalizedText(vi="{shown} và {more} mục khác", en="{shown} and {more} more").format(
        shown=joined(shown), more=more
    )


def _broken(blocker: ReleaseBlocker, names: bool) -> LocalizedText:
    """Return which checks the quarantined rows fail, and how many each."""
    parts = [
        LocalizedText(
            vi=f"{_vi(check.unexpected)} dòng không đạt {{title}}",
            en=f"{counted(check.unexpected, 'row')} against {{title}}",
        ).format(title=_title(check, names))
        for check in blocker.checks
    ]
    if blocker.unread:
        parts.append(LocalizedText(
            vi=f"{_vi(blocker.unread)} dòng không đọc được",
            en=f"{counted(blocker.unread, 'row')} that could not be read",
        ))
    if blocker.first is not None:
        at = _at(blocker.first.model_copy(update={"column": ""}))  # of the value: it may be another
        first = LocalizedText(vi="dòng đầu tiên: {at}", en="the first: {at}")
        parts.append(first.format(at=at))
    return _join(parts) if parts else LocalizedText(vi="xem lý do", en="see the reasons")


def _look(dataset: str) -> LocalizedText:
    command = f"`openindicators quarantine {dataset}`"
    return LocalizedText(
        vi=f"{command} liệt kê từng dòng và lý do; hãy sửa nguồn hoặc khai báo",
        en=f"{command} lists each row with its reason; fix the source or the declaration",
    )


def _empty(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        LocalizedText(vi="bảng không có dòng nào", en="the table has no rows"),
        LocalizedText(
            vi="xem lại dữ liệu đã lấy từ nguồn, và `where`, `sql` trong khai báo",
            en="look at the source's snapshot, and at `where` and `sql` in the declaration",
        ),
    )


def _all_quarantined(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    broken = _broken(blocker, names)
    rows = f"none of the {blocker.rows:,} rows" if blocker.rows != 1 else "the only row cannot"
    en = f"{rows} can be released" if blocker.rows != 1 else f"{rows} be released"
    return BlockerText(
        LocalizedText(
            vi=f"không dòng nào trong {_vi(blocker.rows)} dòng phát hành được: {{broken}}",
            en=f"{en}: {{broken}}",
        ).format(broken=broken),
        _look(dataset),
    )


def _over_tolerance(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    quarantined, rows = blocker.quarantined, blocker.rows
    share, allowed = quarantined / rows, blocker.tolerance or 0
    broken, look = _broken(blocker, names), _look(dataset)
    verb = "row is" if quarantined == 1 else "rows are"
    return BlockerText(
        LocalizedText(
            vi=f"{_vi(quarantined)} trên {_vi(rows)} dòng ({_percent_vi(share)}) bị giữ lại,"
            f" vượt mức cho phép {_percent_vi(allowed)}: {{broken}}",
            en=f"{quarantined:,} of {rows:,} {verb} quarantined ({share:.2%}), more than the"
            f" tolerance of {allowed:.2%}: {{broken}}",
        ).format(broken=broken),
        LocalizedText(
            vi="{look}, hoặc nâng `tolerance` nếu số dòng này là bình thường",
            en="{look}, or raise `tolerance` if this many are to be expected",
        ).format(look=look),
    )


def _table(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_failed(check, names) for check in blocker.checks])
    todos = []
    if any(check.expectation == PERSONAL for check in blocker.checks):
        todos.append(LocalizedText(
            vi="xóa dữ liệu cá nhân tại nguồn, hoặc không lấy cột đó trong khai báo (`columns`)",
            en="remove the personal data at the source, or do not map the column in the"
            " declaration (`columns`)",
        ))
    if any(check.expectation == GOLDEN for check in blocker.checks):
        suite = f"`expectations/{dataset}.yaml`"
        todos.append(LocalizedText(
            vi="đối chiếu lại với nguồn; nếu nguồn đã công bố số mới, ghi giá trị mới, ngày và"
            f" người đối chiếu vào `golden` trong {suite}",
            en="compare with the source again; if it has published another figure, write the new"
            f" value, who verified it and when under `golden` in {suite}",
        ))
    if any(check.expectation not in (PERSONAL, GOLDEN) for check in blocker.checks):
        command = f"`openindicators quality {dataset}`"
        accept = f"`openindicators accept {dataset} --check … --reason …`"
        todos.append(LocalizedText(
            vi=f"{command} cho thấy những gì không đạt; so với bản phát hành trước, rồi sửa nguồn"
            f" hoặc khai báo; nếu số liệu đúng: {accept}",
            en=f"{command} shows what does not fulfil it; compare it with the last release, and"
            f" fix the source or the declaration; if the figures are right: {accept}",
        ))
    return BlockerText(
        LocalizedText(
            vi="toàn bảng không đạt {listed}", en="the table as a whole fails {listed}"
        ).format(listed=listed),
        _join(todos),
    )


def _failed(check: BlockingCheck, names: bool) -> LocalizedText:
    title = _title(check, names)
    if check.places:
        at = _join([_at(place) for place in check.places])
        return LocalizedText(vi="{title}, tại {at}", en="{title}, at {at}").format(
            title=title, at=at
        )
    if check.observed is None:
        return title
    observed, expected = plain(check.observed), plain(check.expected or "")
    found = LocalizedText(
        vi="{title}, thực tế: {observed}" + (" (cần {expected})" if expected else ""),
        en="{title}, found: {observed}" + (" (expected {expected})" if expected else ""),
    )
    return found.format(title=title, observed=observed, expected=expected)


def _at(place: Place) -> LocalizedText:
    part, column = plain(place.part), f" (`{plain(place.column)}`)" if place.column else ""
    if place.row is None:
        return LocalizedText(vi=f"{part}{column}", en=f"{part}{column}")
    return LocalizedText(
        vi=f"{part}, dòng {place.row}{column}", en=f"{part}, line {place.row}{column}"
    )


def _unsettled(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_title(check, names) for check in blocker.checks])
    return BlockerText(
        LocalizedText(
            vi="sau khi giữ lại một số dòng, các dòng khác lại không đạt {listed}",
            en="after quarantining rows, others fail {listed}",
        ).format(listed=listed),
        LocalizedText(
            vi="viết phép kiểm tra sao cho mỗi dòng được xét riêng, hoặc hạ mức độ của nó",
            en="write the expectation so that each row can be validated by itself, or lower its"
            " severity",
        ),
    )


def _check_error(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    failed = LocalizedText(vi="{title}: {error}", en="{title}: {error}")
    listed = _join([
        failed.format(title=_title(check, names), error=_value(check.error or ""))
        for check in blocker.checks
    ])
    suite = f"`expectations/{dataset}.yaml`"
    return BlockerText(
        LocalizedText(
            vi="không chạy được phép kiểm tra {listed}",
            en="these expectations could not be evaluated: {listed}",
        ).format(listed=listed),
        LocalizedText(vi=f"sửa bộ kiểm tra {suite}", en=f"fix the suite {suite}"),
    )


def _disclosure_unknown(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        LocalizedText(
            vi="không xác định được các tổng đã công bố có để lộ số liệu nhỏ hay không"
            f" ({plain(blocker.error)})",
            en=plain(blocker.error),
        ),
        LocalizedText(
            vi="công bố các số đếm này trong ít ô hơn, hoặc ít tổng hơn",
            en="publish these counts in fewer cells, or fewer of their totals",
        ),
    )


def _source_schema(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    blocking = [item for item in blocker.drift if item.stops]
    return BlockerText(
        LocalizedText(
            vi="cấu trúc của nguồn khác với bản phát hành trước: {drift}",
            en="the source has another schema than the one released last: {drift}",
        ).format(drift=joined(item.what for item in blocker.drift)),
        joined(dict.fromkeys(item.todo for item in blocking)),
    )


def _unreadable(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    what = masked(plain(f"{blocker.where}: {blocker.error}" if blocker.where else blocker.error))
    again = f"`openindicators run {dataset}`"
    return BlockerText(
        LocalizedText(
            vi=f"không làm được bảng mới từ dữ liệu của nguồn ({what})",
            en=f"no table could be made of what the source serves: {what}",
        ),
        LocalizedText(
            vi=f"sửa nguồn hoặc khai báo, rồi chạy lại {again}",
            en=plain(blocker.todo).strip() or f"fix the source or the declaration, then {again}",
        ),
    )


_WORDS: dict[str, Callable[[ReleaseBlocker, str, bool], BlockerText]] = {
    "empty": _empty,
    "all_quarantined": _all_quarantined,
    "over_tolerance": _over_tolerance,
    "table": _table,
    "unsettled": _unsettled,
    "check_error": _check_error,
    "disclosure_unknown": _disclosure_unknown,
    "source_schema": _source_schema,
    "unreadable": _unreadable,
}
