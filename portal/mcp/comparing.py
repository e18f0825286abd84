"""Figures side by side, only where they are by one definition, unit, territory and kind of period.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from model.reference.periods import frequency_of
from model.util.text import fold
from portal.mcp.answers import Comparison, FigureDifference, Named, Ranked, Refused
from portal.mcp.asking.find import Finder
from portal.mcp.asking.periods import asked_period
from portal.mcp.asking.question import FigureQuery, FoundRows
from portal.mcp.figures import Row, caveats_of

RANKED = 15  # the first, and the last of them is not told apart from the rest
_MANY = 24  # figures that are compared at once
_ALL = {"provinces", "all provinces", "cac tinh", "cac tinh thanh", "tat ca cac tinh",
        "cac tinh, thanh pho", "tinh, thanh pho", "provinces and cities", "63 tinh, thanh pho",
        "countries", "all countries", "cac nuoc"}


def compare(
    finder: Finder, question: FigureQuery, places: Sequence[str], periods: Sequence[str], rank: bool
) -> Comparison:
    """Compare what answers a `question` in several places or periods.

    Args:
        finder: of the site.
        question: its place and period are replaced by each of those given.
        places: one or more; "provinces" or "countries" for all of the kind.
        periods: one or more.
        rank: whether places are to be ranked by value, which only places of one kind can be.
    """
    try:
        if len(places) == 1 and fold(places[0]) in _ALL:
            return _ranking(finder, replace(question, period=periods[0] if periods else ""),
                            fold(places[0]))
        return _side_by_side(finder, question, places or [""], periods or [""], rank)
    except Refused as refused:
        return Comparison(refusal=refused.refusal)


def _side_by_side(
    finder: Finder, question: FigureQuery, places: Sequence[str], periods: Sequence[str], rank: bool
) -> Comparison:
    asked = [
        replace(question, place=place, period=period)
        for place, period in product(places, periods)
    ]
    if not 2 <= len(asked) <= _MANY:
        raise Refused("too_many" if len(asked) > 2 else "no_data",
                      f"{len(asked)} figures cannot be compared.",
                      f"give 2 to {_MANY} places or periods")
    kinds = {frequency_of(asked_period(each).first) for each in periods if each}
    if len(kinds) > 1:
        raise Refused("not_comparable", "The periods are of different kinds.",
                      "compare years with years, and months of a year with the same months")
    found = _one_definition(finder, asked)
    rows = [row for each in found for row in each.rows]
    _one_territory(finder, found, rows, len(places) > 1)
    first = found[0]
    kinds_of = _kinds(finder, first, rows)
    mixed = len(set(kinds_of.values())) > 1
    if rank and mixed:
        raise Refused(
            "mixed_kinds", "The places are not of one kind: "
            + ", ".join(f"{first.reader.name('ref_area', code)} ({kind})"
                        for code, kind in kinds_of.items()) + ".",
            "rank provinces with provinces, regions with regions, countries with countries",
        )
    caveats = caveats_of(first.reader, rows, first.subject, finder.subjects.successions())
    if mixed:
        caveats.append("The places are of different kinds: one may be part of the other.")
    statuses = {row["obs_status"] or "A" for row in rows}
    if len(statuses) > 1:
        caveats.append(f"The figures have different statuses: {', '.join(sorted(statuses))}.")
    return Comparison(
        series=first.reader.series(first.subject, rows),
        differences=_differences(first, rows),
        ranking=_ranked(first, rows) if rank else [],
        ranked_of=len(rows) if rank else 0,
        caveats=caveats,
    )


def _one_definition(finder: Finder, asked: Sequence[FigureQuery]) -> list[FoundRows]:
    """Return what answers each question, all from one indicator of one dataset."""
    answers = [finder.all(each) for each in asked]
    for first in answers[0]:
        chosen = [
            next((each for each in found if each.subject == first.subject), None)
            for found in answers
        ]
        if all(chosen):
            whole = [each for each in chosen if each is not None]
            rivals = [
                other for other in answers[0]
                if other is not first and not first.same_figures(other)
                and all(any(each.subject == other.subject for each in found) for found in answers)
            ]
            if rivals:
                raise Refused(
                    "ambiguous_indicator", f"{asked[0].indicator!r} may be several indicators.",
                    "choose one of the candidates: give its dataset and indicator code",
                    [first.candidate(), *(each.candidate() for each in rivals)],
                )
            return whole
    found = [each for group in answers for each in group]
    borders = {row["geo_vintage"] for each in found for row in each.rows}
    names = {each.subject.code for each in found}
    raise Refused(
        "mixed_territories" if len(borders) > 1 and len(names) == 1 else "not_comparable",
        "The figures are by different borders." if len(borders) > 1 and len(names) == 1 else
        "The figures are of different datasets or definitions.",
        "say each for itself, with its territory and source; do not set one against the other",
        [each.candidate() for each in found],
    )


def _one_territory(
    finder: Finder, found: Sequence[FoundRows], rows: Sequence[Row], several_places: bool
) -> None:
    successions = finder.subjects.successions()

    def moved(row: Row) -> bool:
        known = successions.get((row["geo_vintage"], row["ref_area"]))
        return known is not None and not known.same

    vintages = {row["geo_vintage"] for row in rows}
    if len(vintages) > 1 and (several_places or any(map(moved, rows))):
        raise Refused(
            "mixed_territories", "The figures are by different borders.",
            "compare figures by the same borders: give borders=\"old\" or \"new\"",
            [each.candidate() for each in found],
        )


def _kinds(finder: Finder, found: FoundRows, rows: Sequence[Row]) -> dict[str, str]:
    areas = {
        (area.code, area.vintage): area.kind
        for area in finder.subjects.areas(found.reader.state.codelist)
    }
    kinds = {}
    for row in rows:
        kind = areas.get((row["ref_area"], row["geo_vintage"]), "")
        kinds[row["ref_area"]] = "province" if kind == "city" else kind
    return kinds


def _differences(found: FoundRows, rows: Sequence[Row]) -> list[FigureDifference]:
    first, *others = rows
    unit = first["unit_measure"]
    shares = unit.startswith("percent")
    name = found.reader.name
    against = f"{name('ref_area', first['ref_area'])}, {first['time_period']}"
    return [
        FigureDifference(
            place=name("ref_area", row["ref_area"]), period=row["time_period"], against=against,
            difference=round(row["obs_value"] - first["obs_value"], 10),
            unit="percentage points" if shares else name("unit_measure", unit),
            percent=round((row["obs_value"] / first["obs_value"] - 1) * 100, 2)
            if first["obs_value"] > 0 and not any(each in unit for each in ("rank", "percent"))
            else None,
        )
        for row in others
    ]


def _ranked(found: FoundRows, rows: Sequence[Row]) -> list[Ranked]:
    ordered = sorted(rows, key=lambda row: -row["obs_value"])
    values = [row["obs_value"] for row in ordered]
    return [
        Ranked(
            rank=values.index(row["obs_value"]) + 1, value=row["obs_value"],
            place=Named(code=row["ref_area"], name=found.reader.name("ref_area", row["ref_area"])),
        )
        for row in ordered[:RANKED]
    ]


def _ranking(finder: Finder, question: FigureQuery, kind: str) -> Comparison:
    """Rank all provinces, or all countries, that have a figure: no region, no total."""
    wanted = "country" if "countr" in kind or "nuoc" in kind else "province"
    found = finder.everywhere(question)
    kinds = _kinds(finder, found, found.rows)
    rows = [row for row in found.rows if kinds[row["ref_area"]] == wanted]
    if wanted == "country" and any(each == "province" for each in kinds.values()):
        rows = []  # a country among its provinces is their total
    if len(rows) < 2:
        raise Refused("no_data", f"There are not several {kind} with a figure.",
                      "name the places", [found.candidate()])
    vintages = {row["geo_vintage"] for row in rows}
    if len(vintages) > 1:
        raise Refused("mixed_territories", "The figures are by different borders.",
                      'give borders="old" or "new"', [found.candidate()])
    changes = {
        each.until for row in rows
        if (each := finder.subjects.successions().get((row["geo_vintage"], row["ref_area"])))
        and each.until and not each.same
    }
    rows.sort(key=lambda row: -row["obs_value"])
    ranking = _ranked(found, rows)
    return Comparison(
        series=found.reader.series(found.subject, rows[:RANKED]),
        ranking=ranking, ranked_of=len(rows),
        caveats=[
            *caveats_of(found.reader, rows, found.subject, {}),
            f"Ranked among {len(rows)} {kind} that have a figure, by the borders"
            f" {found.rows[0]['geo_vintage']}; regions and totals are left out.",
            *(f"Borders changed on {day}: many of these are other territories since."
              for day in sorted(changes)),
        ],
    )
