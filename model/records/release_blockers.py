"""Why a table could not be released, in words: what is wrong, where, and what to do next.

The record has the reasons as data (`model.records.validation.Stop`); the sentences are made where they are
shown, in the reader's language. Pages tell checks by their titles; who works with the command line
needs their names as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model.records.validation import BlockingCheck, CheckResult, Place, ReleaseBlocker
from model.reference.personal_data import masked
from model.util.text import Bilingual, plain

PERSONAL = "expect_no_personal_data"
_LISTED = 5  # checks that one sentence names


@dataclass(frozen=True)
class BlockerText:
    """One reason in words."""

    what: Bilingual
    todo: Bilingual


def told(stop: ReleaseBlocker, dataset: str, names: bool = False) -> BlockerText:
    """Return a reason in words.

    Args:
        stop: the reason.
        dataset: whose table it is.
        names: with the names of checks, for who works with the command line.
    """
    return _WORDS[stop.kind](stop, dataset, names)


def sentences(stops: Sequence[ReleaseBlocker], dataset: str, names: bool = False) -> list[BlockerText]:
    """Return each reason in whole sentences."""
    return [
        BlockerText(_whole(said.what), _whole(said.todo))
        for said in (told(stop, dataset, names) for stop in stops)
    ]


def in_words(stops: Sequence[ReleaseBlocker], dataset: str, names: bool = False) -> Bilingual:
    """Return all reasons as one text: each with what to do about it."""
    every = sentences(stops, dataset, names)
    return Bilingual(
        vi=" ".join(f"{said.what.vi} → {said.todo.vi}" for said in every),
        en=" ".join(f"{said.what.en} → {said.todo.en}" for said in every),
    )


def finding(check: CheckResult) -> Bilingual:
    """Return what a check found: rows that break it, or of a table what was expected and found."""
    if check.level == "row":
        return Bilingual(
            vi=f"{_vi(check.unexpected)} trên {_vi(check.evaluated)} dòng không đạt",
            en=f"{check.unexpected:,} of {check.evaluated:,} rows do not fulfil it",
        )
    said = of_check(check)
    if said.expected is not None and check.unexpected > 1:
        return Bilingual(
            vi=f"{_vi(check.unexpected)} chỗ không đạt; chỗ đầu tiên: thực tế {said.observed}, cần"
            f" {said.expected}",
            en=f"{check.unexpected:,} findings; the first: found {said.observed}, expected"
            f" {said.expected}",
        )
    if said.expected is not None:
        return Bilingual(
            vi=f"thực tế {said.observed}, cần {said.expected}",
            en=f"found {said.observed}, expected {said.expected}",
        )
    if said.observed is not None:
        return Bilingual(
            vi=f"cần: {_sentence(check.title.vi)}; thực tế: {said.observed}",
            en=f"expected: {_sentence(check.title.en)}; found: {said.observed}",
        )
    if check.unexpected:
        return Bilingual(
            vi=f"{_vi(check.unexpected)} chỗ không đạt", en=counted(check.unexpected, "finding")
        )
    return Bilingual(vi="không đạt", en="it is not fulfilled")


def of_check(check: CheckResult) -> BlockingCheck:
    """Return what a reason says of a check that stands in the way."""
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


def _whole(text: Bilingual) -> Bilingual:
    return Bilingual(vi=_capital(text.vi) + ".", en=_capital(text.en) + ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(check: BlockingCheck, names: bool) -> Bilingual:
    name = f" ({check.name})" if names else ""
    return Bilingual(
        vi=f"“{_sentence(check.title.vi)}”{name}", en=f"“{_sentence(check.title.en)}”{name}"
    )


def _join(texts: Sequence[Bilingual], separator: str = "; ") -> Bilingual:
    shown, more = texts[:_LISTED], len(texts) - _LISTED
    return Bilingual(
        vi=separator.join(text.vi for text in shown) + (f" và {more} mục khác" if more > 0 else ""),
        en=separator.join(text.en for text in shown) + (f" and {more} more" if more > 0 else ""),
    )


def _broken(stop: ReleaseBlocker, names: bool) -> Bilingual:
    """Return which checks the rows that are quarantined break, and how many each."""
    parts = [
        Bilingual(
            vi=f"{_vi(check.unexpected)} dòng không đạt {_title(check, names).vi}",
            en=f"{counted(check.unexpected, 'row')} against {_title(check, names).en}",
        )
        for check in stop.checks
    ]
    if stop.unread:
        parts.append(Bilingual(
            vi=f"{_vi(stop.unread)} dòng không đọc được",
            en=f"{counted(stop.unread, 'row')} that could not be read",
        ))
    if stop.first is not None:
        at = _at(stop.first.model_copy(update={"column": ""}))  # of the value: it may be another
        parts.append(Bilingual(vi=f"dòng đầu tiên: {at.vi}", en=f"the first: {at.en}"))
    return _join(parts) if parts else Bilingual(vi="xem lý do", en="see the reasons")


def _look(dataset: str) -> Bilingual:
    command = f"`openindicators quarantine {dataset}`"
    return Bilingual(
        vi=f"{command} liệt kê từng dòng và lý do; hãy sửa nguồn hoặc khai báo",
        en=f"{command} lists each row with its reason; mend the source or the declaration",
    )


def _empty(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        Bilingual(vi="bảng không có dòng nào", en="the table has no rows"),
        Bilingual(
            vi="xem lại dữ liệu đã lấy từ nguồn, và `where`, `sql` trong khai báo",
            en="look at the source's snapshot, and at `where` and `sql` in the declaration",
        ),
    )


def _all_held(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    broken = _broken(stop, names)
    rows = f"none of the {stop.rows:,} rows" if stop.rows != 1 else "the only row cannot"
    en = f"{rows} can be released" if stop.rows != 1 else f"{rows} be released"
    return BlockerText(
        Bilingual(
            vi=f"không dòng nào trong {_vi(stop.rows)} dòng phát hành được: {broken.vi}",
            en=f"{en}: {broken.en}",
        ),
        _look(dataset),
    )


def _over_tolerance(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    share, allowed, broken = stop.quarantined / stop.rows, stop.tolerance or 0, _broken(stop, names)
    look = _look(dataset)
    quarantined = "row is" if stop.quarantined == 1 else "rows are"
    return BlockerText(
        Bilingual(
            vi=f"{_vi(stop.quarantined)} trên {_vi(stop.rows)} dòng ({_percent_vi(share)}) bị giữ lại,"
            f" vượt mức cho phép {_percent_vi(allowed)}: {broken.vi}",
            en=f"{stop.quarantined:,} of {stop.rows:,} {quarantined} quarantined ({share:.2%}), more than the"
            f" tolerance of {allowed:.2%}: {broken.en}",
        ),
        Bilingual(
            vi=f"{look.vi}, hoặc nâng `tolerance` nếu số dòng này là bình thường",
            en=f"{look.en}, or raise `tolerance` if this many are to be expected",
        ),
    )


def _table(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_failed(check, names) for check in stop.checks])
    todos = []
    if any(check.expectation == PERSONAL for check in stop.checks):
        todos.append(Bilingual(
            vi="xóa dữ liệu cá nhân tại nguồn, hoặc không lấy cột đó trong khai báo (`columns`)",
            en="remove the personal data at the source, or do not map the column in the"
            " declaration (`columns`)",
        ))
    if any(check.expectation != PERSONAL for check in stop.checks):
        command = f"`openindicators quality {dataset}`"
        todos.append(Bilingual(
            vi=f"{command} cho thấy những gì không đạt; so với bản phát hành trước, rồi sửa nguồn"
            " hoặc khai báo",
            en=f"{command} shows what does not fulfil it; compare it with the last release, and"
            " mend the source or the declaration",
        ))
    return BlockerText(
        Bilingual(
            vi=f"toàn bảng không đạt {listed.vi}", en=f"the table as a whole fails {listed.en}"
        ),
        _join(todos),
    )


def _failed(check: BlockingCheck, names: bool) -> Bilingual:
    title = _title(check, names)
    if check.places:
        at = _join([_at(place) for place in check.places])
        return Bilingual(vi=f"{title.vi}, tại {at.vi}", en=f"{title.en}, at {at.en}")
    if check.observed is None:
        return title
    observed, expected = plain(check.observed), plain(check.expected or "")
    return Bilingual(
        vi=f"{title.vi}, thực tế: {observed}" + (f" (cần {expected})" if expected else ""),
        en=f"{title.en}, found: {observed}" + (f" (expected {expected})" if expected else ""),
    )


def _at(place: Place) -> Bilingual:
    part, column = plain(place.part), f" (`{plain(place.column)}`)" if place.column else ""
    if place.row is None:
        return Bilingual(vi=f"{part}{column}", en=f"{part}{column}")
    return Bilingual(
        vi=f"{part}, dòng {place.row}{column}", en=f"{part}, line {place.row}{column}"
    )


def _unsettled(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_title(check, names) for check in stop.checks])
    return BlockerText(
        Bilingual(
            vi=f"sau khi giữ lại một số dòng, các dòng khác lại không đạt {listed.vi}",
            en=f"after holding rows back, others fail {listed.en}",
        ),
        Bilingual(
            vi="viết phép kiểm tra sao cho mỗi dòng được xét riêng, hoặc hạ mức độ của nó",
            en="write the expectation so that a row can be judged by itself, or lower its severity",
        ),
    )


def _unjudged(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    titles = ((_title(check, names), plain(check.error or "–")) for check in stop.checks)
    listed = _join([
        Bilingual(vi=f"{title.vi}: {error}", en=f"{title.en}: {error}") for title, error in titles
    ])
    suite = f"`expectations/{dataset}.yaml`"
    return BlockerText(
        Bilingual(
            vi=f"không chạy được phép kiểm tra {listed.vi}",
            en=f"these expectations could not be judged: {listed.en}",
        ),
        Bilingual(vi=f"sửa bộ kiểm tra {suite}", en=f"mend the suite {suite}"),
    )


def _unprotected(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        Bilingual(
            vi="không xác định được các tổng đã công bố có để lộ số liệu nhỏ hay không"
            f" ({plain(stop.error)})",
            en=plain(stop.error),
        ),
        Bilingual(
            vi="công bố các số đếm này trong ít ô hơn, hoặc ít tổng hơn",
            en="publish these counts in fewer cells, or fewer of their totals",
        ),
    )


def _shape(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    stopping = [item for item in stop.drift if item.stops]
    return BlockerText(
        Bilingual(
            vi="cấu trúc của nguồn khác với bản phát hành trước: "
            + "; ".join(item.what.vi for item in stop.drift),
            en="the source has another shape than the one that was released last: "
            + "; ".join(item.what.en for item in stop.drift),
        ),
        Bilingual(
            vi="; ".join(dict.fromkeys(item.todo.vi for item in stopping)),
            en="; ".join(dict.fromkeys(item.todo.en for item in stopping)),
        ),
    )


def _not_made(stop: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    what = masked(plain(f"{stop.where}: {stop.error}" if stop.where else stop.error))
    again = f"`openindicators run {dataset}`"
    return BlockerText(
        Bilingual(
            vi=f"không làm được bảng mới từ dữ liệu của nguồn ({what})",
            en=f"no table could be made of what the source serves: {what}",
        ),
        Bilingual(
            vi=f"sửa nguồn hoặc khai báo, rồi chạy lại {again}",
            en=plain(stop.todo) or f"mend the source or the declaration, then {again}",
        ),
    )


_WORDS: dict[str, Callable[[ReleaseBlocker, str, bool], BlockerText]] = {
    "empty": _empty,
    "all_quarantined": _all_held,
    "over_tolerance": _over_tolerance,
    "table": _table,
    "unsettled": _unsettled,
    "check_error": _unjudged,
    "disclosure_unknown": _unprotected,
    "shape": _shape,
    "unreadable": _not_made,
}
