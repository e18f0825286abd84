"""Each number of a text against the published figures of the indicator, place and period near it.

A number is supported only where all three agree and the value does, rounded as it is written.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from model.reference.codelist import TOTAL
from portal.mcp.answers import Checked, CheckedNumber, QuoteStatus
from portal.mcp.asking.find import Finder
from portal.mcp.asking.subjects import Subject
from portal.mcp.asking.words import named, words
from portal.mcp.figures import Reader, Row
from portal.mcp.quotes import growth
from portal.mcp.quotes.agreement import agrees, unit_kind, value_of
from portal.mcp.quotes.mentions import (
    COVERED,
    Gazette,
    Lexicon,
    PlaceSaid,
    blanked,
    borders_said,
    heard,
    is_toned,
)
from portal.mcp.quotes.numbers import (
    PeriodSaid,
    Stretch,
    WrittenNumber,
    numbers,
    periods,
    sentences,
)

_CLOSE = 0.05  # names covered nearly as well are meant as well
_LOOSE = 0.3  # of a name's words, from which it is told what a number would agree with
_FACTORS = tuple(Decimal(10) ** power for power in (-9, -6, -3, -2, 2, 3, 6, 9))
_CLAUSE = re.compile(r"[,;()](?!\d)|\s(?:và|and|while|còn|trong đó)\s")
_IN_TURN = re.compile(r"lần lượt|lan luot|respectively|tương ứng|tuong ung", re.IGNORECASE)


class _Said(NamedTuple):
    """What stands near a number."""

    place: PlaceSaid | None
    period: PeriodSaid | None
    near: str  # the clause
    scope: str  # the clause, and those without a number of their own
    sentence: str
    toned: bool  # whether the sentence is written with tones
    borders: str
    before: str  # the text right before it
    grown: str | None  # whose growth it is; None where it is no growth


class _Hit(NamedTuple):
    """A published figure of a subject."""

    subject: Subject
    reader: Reader
    row: Row


class QuoteChecker:
    """Checks texts against a site, whose places are read once as long as it does not change.

    Args:
        finder: of the site.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._gazette: tuple[object, Gazette] | None = None

    def check(self, text: str, language: str, limit: int | None = None) -> Checked:
        """Say of each number in a `text` whether a figure of the site supports it.

        `language` is that of names in the answer; numbers after the first `limit` are only counted.
        """
        catalogue = self._finder.site.catalogue()
        if self._gazette is None or self._gazette[0] is not catalogue:
            self._gazette = (catalogue, Gazette(self._finder))
        return _check(_Checker(self._finder, self._gazette[1], language), text, limit)


def _check(checker: "_Checker", text: str, limit: int | None) -> Checked:
    found: list[CheckedNumber] = []
    unchecked = 0
    place: PlaceSaid | None = None
    period: PeriodSaid | None = None
    borders = ""
    for sentence in sentences(text):
        said_periods = periods(sentence.text)
        said_places = checker.gazette.places(sentence.text)
        here = borders_said(sentence.text)
        borders = here or ("" if said_places else borders)
        written = numbers(sentence.text, said_periods)
        for at, number in enumerate(written):
            if limit is not None and len(found) >= limit:
                unchecked += 1
                continue
            said = checker.said(sentence, written, at, said_places, said_periods, place, period)
            checked = checker.number(number, said._replace(borders=borders))
            found.append(checked.model_copy(update={
                "start": sentence.start + number.start, "end": sentence.start + number.end,
            }))
        place = said_places[-1] if said_places else place
        period = said_periods[-1] if said_periods else period
    return Checked(
        numbers=found, supported=sum(each.status == "supported" for each in found),
        of=len(found) + unchecked, unchecked=unchecked,
    )


class _Checker:
    """Looks numbers up; names are in a language."""

    def __init__(self, finder: Finder, gazette: Gazette, language: str) -> None:
        self.finder = finder
        self.language = language
        self.gazette = gazette
        self.synonyms = finder.subjects.synonyms()
        self.subjects = finder.subjects.all()
        self.lexicon = Lexicon(self.subjects)

    def said(
        self, sentence: Stretch, written: Sequence[WrittenNumber], at: int,
        places: Sequence[PlaceSaid], said_periods: Sequence[PeriodSaid],
        place: PlaceSaid | None, period: PeriodSaid | None,
    ) -> _Said:
        """Return what is said of number `at` of those `written` in a `sentence`.

        `place` and `period` are those of the sentences before.
        """
        number, text = written[at], sentence.text
        start = max((each.end() for each in _CLAUSE.finditer(text, 0, number.start)), default=0)
        start = max(start, written[at - 1].end if at else 0)
        end = _clause_end(
            text, number.end, written[at + 1].start if at + 1 < len(written) else len(text)
        )

        def order(each: PlaceSaid | PeriodSaid, before: bool) -> tuple[bool, bool, int]:
            """What is in the clause first, there a place before the number; then the nearest."""
            distance = max(number.start - each.end, each.start - number.end)
            inside = start <= each.start and each.end <= end
            return not inside, (before or not inside) and each.start > number.start, distance

        place = min(places, key=lambda each: order(each, True), default=place)
        period = min(said_periods, key=lambda each: order(each, False), default=period)
        if _IN_TURN.search(text):  # as many places or periods as numbers, in the same order
            place = places[at] if len(places) == len(written) else place
            period = said_periods[at] if len(said_periods) == len(written) else period
        spare = blanked(text, places)
        edges = [0, *(each.end() for each in _CLAUSE.finditer(text)), len(text)]
        scope = " ".join(
            spare[a:b] for a, b in pairwise(edges)
            if not any(a <= other.start < b for other in written if other is not number)
        )
        before = text[max(start, number.start - 24):number.start]
        return _Said(
            place, period,
            spare[start:end], scope, spare, is_toned(text), "", before,
            growth.whose(spare, start, end, edges) if growth.grown(before) else None,
        )

    def number(self, number: WrittenNumber, said: _Said) -> CheckedNumber:
        """Return what is published of a `number`, with what is `said` near it."""
        answer = CheckedNumber(
            text=number.text, start=0, end=0, status="not_ours", value=float(number.value),
            place=said.place.name if said.place else "",
            period=said.period.iso if said.period else "",
        )
        if said.place is None or said.period is None:
            missing = "place" if said.place is None else "period"
            return answer.model_copy(update={"note": f"no {missing} is named near it"})
        if not said.place.codes:
            return answer.model_copy(update={"note": f"no figures of {said.place.name}"})
        found = self._named(answer, number, said)
        if found.status in ("not_ours", "differs") and said.scope != said.near:
            # A name with a comma in it is no single clause.
            wider = self._named(answer, number, said._replace(near=said.scope))
            if wider.status == "supported":
                return wider
        return found

    def _named(self, answer: CheckedNumber, number: WrittenNumber, said: _Said) -> CheckedNumber:
        """Return what is published of the indicator that is named near a number."""
        meant = self._meant(number, said)
        hits = self._hits(meant, number, said)
        if not hits and number.kind:
            bare = number._replace(kind="")
            for hit in self._hits(self._meant(bare, said), bare, said):
                if agrees(bare, said.before, value_of(hit.row), ""):
                    return self._told(answer, "other_unit", hit, "the unit is another one")
        if not meant:
            missing = "no published indicator is named near it" if said.grown is None else \
                "no growth of what is named near it is published"
            return answer.model_copy(update={"note": self._would(missing, number, said)})
        if not hits:
            names = ", ".join(dict.fromkeys(self._name(each) for each in meant[:4]))
            note = f"no figure of this place and period, in such a unit, of: {names}"
            return answer.model_copy(update={"note": self._would(note, number, said)})
        return self._compared(answer, number, said, hits)

    def _name(self, subject: Subject) -> str:
        return str(subject.indicator["name"].get(self.language, subject.code))

    def _meant(self, number: WrittenNumber, said: _Said) -> list[Subject]:
        """Return the indicators that are named best, all of them where several are."""
        sentence = heard(said.sentence, self.synonyms)
        near = heard(said.near, self.synonyms)
        grown = None if said.grown is None else heard(said.grown, self.synonyms)
        covered = []
        for subject in self.subjects:
            if number.kind and number.kind != unit_kind(subject.indicator["unit"]):
                continue
            if grown is not None and not self.lexicon.grows(subject, grown, said.toned):
                continue
            whole = self.lexicon.coverage(subject, sentence, said.sentence, said.toned)
            if whole.share >= COVERED:
                covered.append((subject, whole))
        self.finder.site.prepare([subject.dataset for subject, _ in covered])
        found = []
        for subject, whole in covered:
            if self._has_place(subject, said):
                beside = self.lexicon.coverage(subject, near, said.near, said.toned)
                # What the clause says counts first; where it says nothing, what the sentence does.
                found.append((beside.explained, beside.share, whole.explained, whole.share,
                              subject))
        if any(each[0] for each in found):
            return [each[4] for each in _best(_best(found, 0, 0), 1, _CLOSE)]
        return [each[4] for each in _best(_best(found, 2, 0), 3, _CLOSE)]

    def _has_place(self, subject: Subject, said: _Said) -> bool:
        reader = Reader(self.finder.site, subject.dataset, None, self.language)
        codes = {code for _, code in said.place.codes} if said.place else set()
        return any(code in codes for code in reader.labels.get("ref_area", {}))

    def _hits(self, subjects: Iterable[Subject], number: WrittenNumber, said: _Said) -> list[_Hit]:
        """Return the figures of the place and period, in a unit of the kind that is written."""
        found: list[_Hit] = []
        if said.place is None or said.period is None:
            return found
        for subject in subjects:
            reader = Reader(self.finder.site, subject.dataset, None, self.language)
            rows = reader.rows(subject.code, sorted({code for _, code in said.place.codes}))
            found += [
                _Hit(subject, reader, row) for row in rows
                if (row["geo_vintage"], row["ref_area"]) in said.place.codes
                and row["time_period"] == said.period.iso and row["obs_value"] is not None
                and number.kind in ("", unit_kind(row["unit_measure"]))
                and self._of_breakdown(reader, row, said)
            ]
        return found

    def _of_breakdown(self, reader: Reader, row: Row, said: _Said) -> bool:
        """Say whether a row is of totals, or of codes that are named near the number."""
        for column in reader.dimensions:
            code = row[column]
            names = [value for name, value in reader.labels[column].get(code, {}).items()
                     if name.startswith("name_")]
            if code != TOTAL and not any(
                words(each) and named(words(each), words(said.near)) is not None for each in names
            ):
                return False
        return True

    def _compared(
        self, answer: CheckedNumber, number: WrittenNumber, said: _Said, hits: Sequence[_Hit]
    ) -> CheckedNumber:
        allowed = [each for each in hits if self._by_borders(each, said)]
        for hit in allowed:
            if agrees(number, said.before, value_of(hit.row), number.kind):
                return self._told(answer, "supported", hit, self._others(hit, allowed))
        for hit in allowed:
            earlier = self._earlier(hit, number, said)
            if earlier:
                return self._told(answer, "revised", hit, earlier)
        for hit in allowed:
            for factor in _FACTORS:
                if agrees(number, said.before, value_of(hit.row) / factor, number.kind):
                    times = f"{factor:f} times" if factor > 1 else f"1/{1 / factor:f} of"
                    return self._told(answer, "other_unit", hit,
                                      f"the published figure is {times.strip()} what is written")
        for hit in hits:
            if hit not in allowed and agrees(number, said.before, value_of(hit.row), number.kind):
                return self._told(answer, "other_territory", hit,
                                  "it is by other borders than the text says")
        elsewhere = self._elsewhere(number, said, hits)
        if elsewhere:
            return self._told(answer, "other_territory", elsewhere,
                              "it is the figure of another place")
        hit = (allowed or hits)[0]
        note = self._would("another value is published", number, said)
        if number.other is not None and agrees(
            number._replace(value=number.other), said.before, value_of(hit.row), number.kind
        ):
            note += f"; written with the other language's signs it would agree ({number.text})"
        return self._told(answer, "differs" if allowed else "other_territory", hit, note)

    def _others(self, hit: _Hit, hits: Sequence[_Hit]) -> str:
        """Return what else is published of what the text names, "" where nothing is."""
        others = {
            f"{self._name(each.subject)} {each.reader.figure(each.row).text}"
            f" ({each.row['geo_vintage']})"
            for each in hits if each.row["obs_value"] != hit.row["obs_value"]
        }
        return f"the text may also mean: {'; '.join(sorted(others))}" if others else ""

    def _by_borders(self, hit: _Hit, said: _Said) -> bool:
        if not said.borders:
            return True
        known = self.finder.subjects.successions().get(
            (hit.row["geo_vintage"], hit.row["ref_area"])
        )
        return known is None or known.same or bool(known.until) == (said.borders == "old")

    def _earlier(self, hit: _Hit, number: WrittenNumber, said: _Said) -> str:
        """Return in which earlier release the number was right, "" where in none."""
        state = hit.reader.state
        for release in state.releases[::-1]:
            if release.number == hit.reader.release.number or not release.files:
                continue
            then = Reader(self.finder.site, state.dataset, release.number, self.language)
            for row in then.rows(hit.row["indicator"], [hit.row["ref_area"]]):
                if row["obs_value"] is not None and all(
                    row.get(name) == hit.row[name] for name in then.key
                ) and agrees(number, said.before, value_of(row),
                             number.kind):
                    return f"it was right in release {release.number}: {then.figure_address(row)}"
        return ""

    def _elsewhere(self, number: WrittenNumber, said: _Said, hits: Sequence[_Hit]) -> _Hit | None:
        """Return the one other place whose figure it is; None where none or several."""
        if len(number.text.strip("0%").replace(".", "").replace(",", "")) < 3:
            return None
        found = []
        for hit in {each.subject.key: each for each in hits}.values():
            found += [
                _Hit(hit.subject, hit.reader, row) for row in hit.reader.rows(hit.subject.code)
                if row["time_period"] == hit.row["time_period"] and row["obs_value"] is not None
                and all(row[name] == hit.row[name] for name in hit.reader.dimensions)
                and agrees(number, "", value_of(row), number.kind)
            ]
        return found[0] if len(found) == 1 else None

    def _would(self, note: str, number: WrittenNumber, said: _Said) -> str:
        """Add what the number would agree with, though the text does not name it so."""
        sentence = heard(said.sentence, self.synonyms)
        loose = [
            subject for subject in self.subjects
            if self.lexicon.coverage(subject, sentence, said.sentence, said.toned).share >= _LOOSE
            and self._has_place(subject, said)
        ]
        for hit in self._hits(loose, number, said):
            if self._by_borders(hit, said) and agrees(
                number, said.before, value_of(hit.row), number.kind
            ):
                return f"{note}; it would agree with {self._name(hit.subject)}," \
                       f" which the text does not name: {hit.reader.figure_address(hit.row)}"
        return note

    def _told(
        self, answer: CheckedNumber, status: QuoteStatus, hit: _Hit, note: str
    ) -> CheckedNumber:
        figure = hit.reader.figure(hit.row)
        return answer.model_copy(update={
            "status": status, "indicator": self._name(hit.subject),
            "dataset": hit.subject.dataset, "place": figure.place.name, "period": figure.period,
            "borders": figure.borders.name, "published": figure.text,
            "release": hit.reader.release.number, "address": figure.address, "note": note,
        })


_Named = tuple[int, float, int, float, Subject]


def _best(found: list[_Named], at: Literal[0, 1, 2, 3], slack: float) -> list[_Named]:
    best = max((each[at] for each in found), default=0)
    return [each for each in found if each[at] >= best - slack]


def _clause_end(text: str, start: int, end: int) -> int:
    """Return where the clause ends that a number stands in, at most `end`."""
    found = _CLAUSE.search(text, start, end)
    return found.start() if found else end
