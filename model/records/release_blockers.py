"""Release blockers in words: what is wrong, where, and what to do next.

The record keeps them as data (`model.records.validation.ReleaseBlocker`); sentences are made where
they are shown, in the reader's language: English here, other languages in the catalogues of texts
(`model.util.languages`). Pages name checks by their titles; the command line adds their names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from model.records import reject_reasons
from model.records.validation import (
    BlockingCheck,
    CheckResult,
    DuplicateCause,
    RejectedRows,
    ReleaseBlocker,
    SourcePlace,
)
from model.reference.personal_data import masked
from model.util.languages import N_
from model.util.text import LocalizedText, _, joined, localized, plain

PERSONAL = "expect_no_personal_data"
GOLDEN = "expect_golden_cells"
_LISTED = 5  # checks that one sentence names


# Why observations share a key, by kind.
_CAUSES = {
    "dimension": N_(
        "the column `{column}` tells rows of one key apart ({rows}) and is no dimension: declare it"
        " under `dimensions`, or keep one of its values with `where`"
    ),
    "unit": N_(
        "the column `{column}` gives a figure in several units ({rows}): keep one with `where`"
    ),
    "total": N_(
        "the column `{column}` has a total, the sum of the other rows of its key ({rows}): declare"
        " a dimension, or leave the total out with `where`"
    ),
    "label": N_(
        "different texts of the column `{column}` are read as one code ({rows}): check its `map`"
    ),
    "columns": N_(
        "several columns of one row are read as one observation ({rows}): check `unpivot` and `map`"
    ),
    "files": N_(
        "several files have other figures for one observation ({rows}): leave files out, or make a"
        " dimension of the file's name"
    ),
    "same_file": N_("the same figures stand in several files ({rows}): a file is there twice"),
    "repeated": N_("the source repeats its rows ({rows}): ask the publisher"),
    "figures": N_(
        "the source has two figures for one observation ({rows}): ask the publisher which is right,"
        " and declare a correction that drops the other"
    ),
}


@dataclass(frozen=True)
class BlockerText:
    """One release blocker in words."""

    what: LocalizedText
    todo: LocalizedText


def describe(blocker: ReleaseBlocker, dataset: str, names: bool = False) -> BlockerText:
    """Return a `blocker` of a `dataset` in words; for the command line with `names` of checks."""
    return _WORDS[blocker.kind](blocker, dataset, names)


def sentences(
    blockers: Sequence[ReleaseBlocker], dataset: str, names: bool = False
) -> list[BlockerText]:
    """Return each of the `blockers` in whole sentences; `dataset` and `names` as for `describe`."""
    every = (describe(blocker, dataset, names) for blocker in blockers)
    return [BlockerText(_whole(text.what), _whole(text.todo)) for text in every]


def in_words(
    blockers: Sequence[ReleaseBlocker], dataset: str, names: bool = False
) -> LocalizedText:
    """Return all `blockers` as one text, each with what to do about it.

    `dataset` and `names` are those of `describe`.
    """
    every = sentences(blockers, dataset, names)
    return joined((joined((text.what, text.todo), " → ") for text in every), " ")


def finding(check: CheckResult) -> LocalizedText:
    """Return what a check found: failing rows, or of a table what was expected and observed."""
    if check.level == "row":
        rows = _(
            "{unexpected} of {evaluated} rows do not fulfil it",
            unexpected=grouped(check.unexpected), evaluated=grouped(check.evaluated),
        )
        return joined((rows, *_likely(check.cause)))
    found = of_check(check)
    values = {"observed": found.observed, "expected": found.expected}
    if found.expected is not None and check.unexpected > 1:
        return _(
            "{number} findings; the first: found {observed}, expected {expected}",
            number=grouped(check.unexpected), **values,
        )
    if found.expected is not None:
        return _("found {observed}, expected {expected}", **values)
    if found.observed is not None:
        title = check.title.in_each(_sentence)
        return _("expected: {title}; found: {observed}", title=title, **values)
    if check.unexpected == 1:
        return _("1 finding")
    if check.unexpected:
        return _("{number} findings", number=grouped(check.unexpected))
    return _("it is not fulfilled")


def _likely(cause: DuplicateCause | None) -> list[LocalizedText]:
    """Return the likely cause of repeated keys in words, if there is one."""
    if cause is None:
        return []
    in_one_row = cause.kind == "columns"
    rows = _join([
        _at(place if in_one_row else place.model_copy(update={"column": ""}))
        for place in cause.rows
    ])
    said = _(_CAUSES[cause.kind], column=plain(cause.column), rows=rows)
    return [_("the likely cause: {cause}", cause=said)]


def of_check(check: CheckResult) -> BlockingCheck:
    """Return what a release blocker keeps of a failed check."""
    first = check.samples[0] if check.samples and check.level == "table" else {}
    observed, expected = first.get("observed"), first.get("expected")
    if expected is None:
        observed = check.observed
    return BlockingCheck(
        name=check.name, expectation=check.expectation, title=check.title,
        unexpected=check.unexpected, error=check.error, cause=check.cause,
        observed=None if observed is None else _value(observed),
        expected=None if expected is None else _value(expected),
    )


def counted(number: int, noun: str) -> str:
    """Return a `number` of something (`noun`, in the singular) in English: "1 row", "2 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def grouped(number: int) -> LocalizedText:
    """Return a count with marks between thousands, in each language."""
    return localized(
        lambda language: f"{number:,}".replace(",", ".") if language == "vi" else f"{number:,}"
    )


def _percent(share: float) -> LocalizedText:
    return localized(
        lambda language: f"{share:.2%}".replace(".", ",") if language == "vi" else f"{share:.2%}"
    )


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
    return _("{shown} and {more} more", shown=joined(shown), more=more)


def _broken(blocker: ReleaseBlocker, names: bool) -> LocalizedText:
    """Return which checks the quarantined rows fail, and how many each."""
    parts = []
    for check in blocker.checks:
        title = _title(check, names)
        parts.append(
            _("1 row against {title}", title=title) if check.unexpected == 1
            else _("{number} rows against {title}", number=grouped(check.unexpected), title=title)
        )
        parts += _likely(check.cause)
    if blocker.unread:
        unread = (
            _("1 row that could not be read") if blocker.unread == 1
            else _("{number} rows that could not be read", number=grouped(blocker.unread))
        )
        if blocker.reasons:
            why = joined(_rejected(each) for each in blocker.reasons)
            unread = joined((unread, why), ": ")
        parts.append(unread)
    if blocker.first is not None:
        at = _at(blocker.first.model_copy(update={"column": ""}))  # of the value: it may be another
        parts.append(_("the first: {at}", at=at))
    return _join(parts) if parts else _("see the reasons")


def _rejected(rejected: RejectedRows) -> LocalizedText:
    why = reject_reasons.in_words(rejected.reason, {})
    row = rejected.first.row
    if rejected.rows == 1:
        return _("{why} (line {row})", why=why, row=row)
    return _("{why} (line {row}; {number} rows)", why=why, row=row, number=grouped(rejected.rows))


def _look(dataset: str) -> LocalizedText:
    return _(
        "`openindicators quarantine {dataset}` lists each row with its reason; fix the source or"
        " the declaration", dataset=dataset,
    )


def _empty(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        _("the table has no rows"),
        _("look at the source's snapshot, and at `where` and `sql` in the declaration"),
    )


def _all_quarantined(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    broken = _broken(blocker, names)
    if blocker.rows == 1:
        return BlockerText(
            _("the only row cannot be released: {broken}", broken=broken), _look(dataset)
        )
    what = _(
        "none of the {rows} rows can be released: {broken}",
        rows=grouped(blocker.rows), broken=broken,
    )
    return BlockerText(what, _look(dataset))


def _over_tolerance(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    values = {
        "rows": grouped(blocker.rows), "share": _percent(blocker.quarantined / blocker.rows),
        "allowed": _percent(blocker.tolerance or 0), "broken": _broken(blocker, names),
    }
    what = _(
        "1 of {rows} row is quarantined ({share}), more than the tolerance of {allowed}: {broken}",
        **values,
    ) if blocker.quarantined == 1 else _(
        "{quarantined} of {rows} rows are quarantined ({share}), more than the tolerance of"
        " {allowed}: {broken}", quarantined=grouped(blocker.quarantined), **values,
    )
    todo = _("{look}, or raise `tolerance` if this many are to be expected", look=_look(dataset))
    return BlockerText(what, todo)


def _table(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_failed(check, names) for check in blocker.checks])
    todos = []
    if any(check.expectation == PERSONAL for check in blocker.checks):
        todos.append(_(
            "remove the personal data at the source, or do not map the column in the declaration"
            " (`columns`)"
        ))
    if any(check.expectation == GOLDEN for check in blocker.checks):
        todos.append(_(
            "compare with the source again; if it has published another figure, write the new"
            " value, who verified it and when under `golden` in `expectations/{dataset}.yaml`",
            dataset=dataset,
        ))
    if any(check.expectation not in (PERSONAL, GOLDEN) for check in blocker.checks):
        todos.append(_(
            "`openindicators quality {dataset}` shows what does not fulfil it; compare it with the"
            " last release, and fix the source or the declaration; if the figures are right:"
            " `openindicators accept {dataset} --check … --reason …`", dataset=dataset,
        ))
    return BlockerText(_("the table as a whole fails {listed}", listed=listed), _join(todos))


def _failed(check: BlockingCheck, names: bool) -> LocalizedText:
    title = _title(check, names)
    if check.places:
        return _("{title}, at {at}", title=title, at=_join([_at(place) for place in check.places]))
    if check.observed is None:
        return title
    observed, expected = plain(check.observed), plain(check.expected or "")
    if not expected:
        return _("{title}, found: {observed}", title=title, observed=observed)
    return _(
        "{title}, found: {observed} (expected {expected})",
        title=title, observed=observed, expected=expected,
    )


def _at(place: SourcePlace) -> LocalizedText:
    part, column = plain(place.part), f" (`{plain(place.column)}`)" if place.column else ""
    if place.row is None:
        return LocalizedText(en=f"{part}{column}")
    return _("{part}, line {row}{column}", part=part, row=place.row, column=column)


def _unsettled(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([_title(check, names) for check in blocker.checks])
    return BlockerText(
        _("after quarantining rows, others fail {listed}", listed=listed),
        _("write the expectation so that each row can be validated by itself, or lower its"
          " severity"),
    )


def _check_error(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    listed = _join([
        joined((_title(check, names), LocalizedText(en=_value(check.error or ""))), ": ")
        for check in blocker.checks
    ])
    return BlockerText(
        _("these expectations could not be evaluated: {listed}", listed=listed),
        _("fix the suite `expectations/{dataset}.yaml`", dataset=dataset),
    )


def _disclosure_unknown(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    return BlockerText(
        _("it is unknown what the published totals disclose of small counts ({error})",
          error=plain(blocker.error)),
        _("publish these counts in fewer cells, or fewer of their totals"),
    )


def _source_schema(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    blocking = [item for item in blocker.drift if item.stops]
    return BlockerText(
        _("the source has another schema than the one released last: {drift}",
          drift=joined(item.what for item in blocker.drift)),
        joined(dict.fromkeys(item.todo for item in blocking)),
    )


def _unreadable(blocker: ReleaseBlocker, dataset: str, names: bool) -> BlockerText:
    what = masked(plain(f"{blocker.where}: {blocker.error}" if blocker.where else blocker.error))
    again = _("fix the source or the declaration, then `openindicators run {dataset}`",
              dataset=dataset)
    own = plain(blocker.todo).strip()  # the error's own advice is English
    todo = localized(lambda language: own if own and language == "en" else again.get(language))
    return BlockerText(
        _("no table could be made of what the source serves: {what}", what=what), todo
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
