"""Why a row could not be read: codes with parameters, put into words where they are shown.

The quarantine keeps a row's reasons as text: `<check>: <its title>` for a check that it fails, and
for a row that could not be read a JSON list of RejectReason. What is not ours in them, the source's
own words and the names of codes, stays as it is in every language.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from model.util.hashing import canonical_json
from model.util.languages import N_, translated
from model.util.text import LocalizedText, joined, localized, plain


class RejectReason(NamedTuple):
    """One reason: a code of WORDS and its parameters."""

    code: str
    params: Mapping[str, str]

    @property
    def words(self) -> LocalizedText:
        """The reason as a sentence."""
        more = OPTIONAL.get(self.code, {})
        parts = [WORDS[self.code], *(more[name] for name in more if self.params.get(name))]
        concept = self.params.get("concept", "")
        params = {"of": f"{concept}: " if concept else "", **self.params}
        return localized(lambda language: plain(
            "".join(translated(part, language) for part in parts).format(**params)
        ))

    def as_json(self) -> str:
        """Return the reason as the quarantine keeps it, one of a list."""
        return canonical_json({"code": self.code, **self.params})


class RejectError(ValueError):
    """A source's text that cannot be read, with the reasons."""

    def __init__(self, *reasons: RejectReason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.words.get("en") for reason in reasons))


# `{of}` is the concept and a colon, where the reason names one.
WORDS: dict[str, str] = {
    "empty": N_("{concept} is empty"),
    "period": N_("time period: {detail}"),
    "year_outside": N_("time period: {text!r}: the year is outside {range}"),
    "future_period": N_(
        "time period {text} had not begun on {day}, when the source was read; for a projection or"
        " a target, declare the `kind` of indicator {indicator}"
    ),
    "status": N_("status {text!r} is none of {known}"),
    "scale": N_("scale {text!r} is none of {known}"),
    "not_a_number": N_("{of}value {text!r} is not a number written as {locale}"),
    "too_large": N_("{of}value {text!r} is too large for a number"),
    "not_finite": N_("{of}the value is not a finite number"),
    "not_in_codelist": N_("{of}{text!r} is not in codelist {codelist}"),
    "ambiguous": N_("{of}{text!r} is ambiguous in codelist {codelist}: it can mean {areas}"),
    "not_within": N_("{of}{text!r} is {areas} in codelist {codelist}, not within {within}"),
    "named_otherwise": N_(
        "{of}{text!r} is {areas} in codelist {codelist}, but the source names it {name!r}"
    ),
    "elsewhere": N_("in {codelist} it is {areas}"),
    "no_successor": N_("{of}{areas} has no successor in {codelist}"),
    "split": N_("{of}{areas} was split into {into}: declare which"),
    "part_of_split": N_("{of}{into} has only a part of {areas}, which was split"),
    "part": N_("{of}{areas} is only a part of {into} (`successor: sum` adds the parts up)"),
    "parts_missing": N_("{of}the {parts} parts of {into} have {figures} figures"),
    "parts_differ": N_("{of}the parts of {into} have several statuses"),
    "footnote": N_("footnotes: {text!r} is not among the dataset's"),
}
# What a parameter adds where it is given, by code.
OPTIONAL: dict[str, dict[str, str]] = {
    "not_in_codelist": {
        "kinds": N_(", which has of this name only a unit of another kind ({kinds}): {areas}"),
        "near": N_(" (did you mean {near!r}?)"),
    },
    "elsewhere": {"now": N_(", now {now}")},
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

    `text` is what the quarantine keeps, `titles` are those of the suite's checks, by name.
    """
    name = text.partition(":")[0]
    if name in titles:
        return titles[name]
    try:
        every = [each.words for each in read_reasons(text)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return localized(lambda _: plain(text))  # of a check that the suite has no longer
    return joined(every)
