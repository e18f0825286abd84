"""From a question in words to published figures, or to the reason why there are none.

Nothing is guessed: where several indicators, territories or breakdowns are meant equally well and
their figures differ, all are offered.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from model.reference.periods import frequency_of, period_end
from portal.mcp.answers import Candidate, Reason, Refused
from portal.mcp.asking.narrowing import (
    EVERYWHERE,
    check_unit,
    codes_of,
    of_breakdown,
    of_place,
)
from portal.mcp.asking.periods import AskedPeriod, asked_period
from portal.mcp.asking.question import FigureQuery, FoundRows
from portal.mcp.asking.subjects import COMPLETE, EXACT, PARTIAL, Match, Subjects
from portal.mcp.asking.time_and_territory import by_borders, of_period
from portal.mcp.figures import Reader, decimals_of
from portal.site_folder.published import PublishedSite
from portal.vocabulary import NOT_FINAL

_TRIED = 40  # matches that are looked into: each reads the files of a dataset
_OFFERED = 6  # of less close matches that have what is asked for

_ELSEWHERE: frozenset[Reason] = frozenset({"place_without_figures", "unknown_place"})

# What is told where nothing is found: the reason that leads on best.
_TELLING: tuple[Reason, ...] = (
    "unclear_period", "ambiguous_territory", "not_final", "forecast", "part_year",
    "other_territory", "ambiguous_breakdown", "other_unit", "no_data", "unknown_breakdown",
    "other_frequency",
    "unknown_release", "ambiguous_place", "place_without_figures", "unknown_place",
)


class Finder:
    """Answers questions from a published site."""

    def __init__(self, site: PublishedSite) -> None:
        self.site = site
        self.subjects = Subjects(site)

    def find(self, question: FigureQuery) -> tuple[FoundRows, list[str]]:
        """Return what answers a `question`, and the other datasets that say the same.

        Raises Refused with the reason.
        """
        found = self.all(question)
        if question.period == "" or asked_period(question.period).latest:
            found = _newest(found)
        if any(not found[0].same_figures(each) for each in found[1:]):
            raise _ambiguous(question, found)
        # Of the same figures, those that were rounded least.
        first = max(found, key=lambda each: sum(decimals_of(row["obs_value"]) for row in each.rows))
        return first, [each.subject.dataset for each in found if each is not first]

    def all(self, question: FigureQuery) -> list[FoundRows]:
        """Return everything of the best degree that answers a `question`; at least one.

        Raises Refused with the reason.
        """
        if question.dataset and question.dataset not in self.site.listing():
            raise self.no_dataset(question.dataset)
        try:
            period = asked_period(question.period)
        except ValueError as error:
            raise Refused(
                "unclear_period", str(error).partition(" (declare")[0],
                'write it as "2024", "2024-Q1", "2024-03", "first 9 months of 2025", "2015-2020" or'
                ' "latest"',
            ) from error
        matches = self._explained(question)
        if not matches:
            raise self._unknown(question)
        degree = matches[0].degree
        best = [each for each in matches if each.degree == degree][:_TRIED]
        found, failed = self._tried(best, question, period)
        rivals = [] if degree == EXACT else [
            refused for match, refused in failed
            if refused.refusal.reason not in _ELSEWHERE
            and not any(match.subject.is_like(each.subject) for each in found)
        ]
        if found and rivals:
            # Only this one has the period: that does not make it the one that is meant.
            raise _ambiguous(question, found, rivals)
        if found:
            return found
        offers, _ = self._tried(matches[len(best):_TRIED], question, period)
        failed.sort(key=lambda each: _TELLING.index(each[1].refusal.reason))
        told = failed[0][1].refusal
        more = [each for _, other in failed[1:] if other.refusal.reason not in _ELSEWHERE
                for each in other.refusal.candidates]
        raise Refused(
            told.reason, told.message, told.todo,
            [*told.candidates, *more, *(each.candidate() for each in offers[:_OFFERED])],
        )

    def _tried(
        self, matches: Sequence[Match], question: FigureQuery, period: AskedPeriod
    ) -> tuple[list[FoundRows], list[tuple[Match, Refused]]]:
        """Return what each of the `matches` answers, and why others do not."""
        self.site.prepare([each.subject.dataset for each in matches])
        found: list[FoundRows] = []
        failed: list[tuple[Match, Refused]] = []
        for match in matches:
            try:
                found.append(self.one(match, question, period))
            except Refused as refused:
                failed.append((match, refused))
        return found, failed

    def everywhere(self, question: FigureQuery) -> FoundRows:
        """Return what answers a `question` in every place that has a figure. Raises Refused."""
        found = [
            each for each in self.all(replace(question, place=EVERYWHERE))
            if len({row["ref_area"] for row in each.rows}) > 1
        ]
        if not found:
            raise Refused("no_data", "There are figures of one place only.", "name the place")
        first = found[0]
        if any(not first.same_figures(each) for each in found[1:]):
            raise _ambiguous(question, found)
        return first

    def one(self, match: Match, question: FigureQuery, period: AskedPeriod) -> FoundRows:
        """Return what a match answers; `period` is the question's. Raises Refused."""
        subject = match.subject
        reader = Reader(
            self.site, subject.dataset, self._release(subject.dataset, question),
            question.language,
        )
        borders, rows = of_place(reader, subject, question, self.subjects)
        rows = of_breakdown(reader, subject, rows, question, match.rest)
        successions = self.subjects.successions()
        check_unit(reader, subject, rows, question)
        if borders:
            rows = by_borders(reader, subject, rows, borders, successions)
        chosen = of_period(reader, subject, rows, period, successions)
        vintages: dict[tuple[str, str], set[str]] = {}
        for row in chosen:
            vintages.setdefault((row["ref_area"], row["time_period"]), set()).add(
                row["geo_vintage"]
            )
        if any(len(each) > 1 for each in vintages.values()):
            raise Refused(
                "ambiguous_territory", "There are figures of this name by several borders.",
                'say which are meant: borders="old", "new" or a day',
                [
                    FoundRows(reader, subject, [row for row in chosen
                                            if row["geo_vintage"] == vintage]).candidate()
                    for vintage in sorted({row["geo_vintage"] for row in chosen})
                ],
            )
        if question.final_only and any((row["obs_status"] or "A") in NOT_FINAL for row in chosen):
            raise Refused(
                "not_final", "The figure is published, but it is not final.",
                "ask without final_only, and say that the figure is provisional",
                [reader.candidate(subject, chosen)],
            )
        return FoundRows(reader, subject, chosen)

    def _explained(self, question: FigureQuery) -> list[Match]:
        """Return the matches whose words are all explained, by names of codes if need be."""
        found: list[Match] = []
        matches = self.subjects.matches(question.indicator, question.dataset)
        if matches and matches[0].degree <= COMPLETE:
            matches = [each for each in matches if each.degree < PARTIAL]
        for match in matches:
            degree, rest = match.degree, match.rest
            if degree > COMPLETE and rest:
                reader = Reader(self.site, match.subject.dataset, None, question.language)
                if reader.dimensions and codes_of(reader, rest) is not None:
                    degree = COMPLETE
                elif degree == PARTIAL:
                    continue
                else:
                    rest = ()
            found.append(match._replace(degree=degree, rest=rest))
        return sorted(found, key=lambda each: (each.degree, len(each.rest), each.missing))

    def _release(self, dataset: str, question: FigureQuery) -> int | None:
        if not question.as_of:
            return question.release
        try:
            day = date.fromisoformat(question.as_of)
        except ValueError as error:
            raise Refused("unclear_period", f"{question.as_of!r} is no day",
                          "write as_of as 2026-03-31") from error
        releases = [each for each in self.site.state(dataset).releases
                    if each.issued.date() <= day]
        if not releases:
            raise Refused("unknown_release", f"{dataset} had no release on {day}",
                          "ask without as_of, or for a later day")
        return releases[-1].number

    def no_dataset(self, dataset: str) -> Refused:
        """Return the refusal of a `dataset` that is not published."""
        near = [each for each in self.site.listing() if dataset.rpartition("/")[2] in each]
        return Refused(
            "unknown_dataset", f"There is no dataset {dataset!r}.",
            f"did you mean {', '.join(near[:5])}?" if near else "use the tool search to find one",
        )

    def _unknown(self, question: FigureQuery) -> Refused:
        close = [
            Candidate(
                dataset=each.subject.dataset, indicator=each.subject.code,
                name=each.subject.indicator["name"].get(question.language, each.subject.code),
                unit=each.subject.indicator["unit"],
                title=each.subject.entry["title"].get(question.language, ""),
            )
            for each in self.subjects.matches(question.indicator, question.dataset)
        ]
        return Refused(
            "unknown_indicator", f"Nothing is published that is called {question.indicator!r}.",
            "give the indicator alone, place and period in their own arguments; or use the tool"
            " search", close[:6],
        )


def _newest(found: list[FoundRows]) -> list[FoundRows]:
    """Keep what has the newest whole period, where the newest is asked for."""
    def when(each: FoundRows) -> tuple[bool, date]:
        period = each.rows[-1]["time_period"]
        return frequency_of(period) != "YTD", period_end(period)

    newest = max(map(when, found))
    return [each for each in found if when(each) == newest]


def _ambiguous(
    question: FigureQuery, found: list[FoundRows], rivals: Sequence[Refused] = ()
) -> Refused:
    candidates = [each.candidate() for each in found]
    one = found[0].subject
    if not rivals and len({each.borders for each in candidates}) > 1 and all(
        one.is_like(each.subject) for each in found
    ):
        return Refused(
            "ambiguous_territory", "There are figures of this name by several borders.",
            'say which are meant: borders="old", "new" or a day', candidates,
        )
    count = len(found) + len(rivals)
    return Refused(
        "ambiguous_indicator",
        f"{question.indicator!r} may be any of {count} indicators, which are not the same.",
        "choose one of the candidates: give its dataset and indicator code",
        candidates + [each for other in rivals for each in other.refusal.candidates],
    )
