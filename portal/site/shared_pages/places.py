"""The places that have pages: which areas they are, what is known of each, and which are alike.

A place is an area with a page of its own: a country, or an area of a list that is no group of
others. Figures within other borders are apart, and nothing is compared over the day on which they
changed, unless the area is the same before and since.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import dist, log
from statistics import pstdev

from model.reference.city import city
from model.reference.codelist import CodeEntry, Codelist, vintage_day
from model.reference.registries import Registries
from model.reference.succession import AreaSuccession
from portal.scope import home_areas
from portal.site.shared_pages.figures import Listed, Measure

ROWS = 110  # of a page, heads of tables too; a place with more has further pages
SIMILAR = 4
CITY_PAGE = "city"


@dataclass(frozen=True)
class Line:
    """What a dataset has of an area within the borders of a vintage."""

    listed: Listed
    area: str
    vintage: str

    @property
    def rows(self) -> int:
        """How many series there are."""
        return self.listed.figures.places[self.area, self.vintage][0]


@dataclass(frozen=True)
class Place:
    """An area with its own page; `page` is its address, without language and ending.

    lines: what is known of it, by the borders; "" where they are the same at all times.
    """

    page: str
    codelist: Codelist
    entry: CodeEntry
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    @cached_property
    def parts(self) -> list[list[tuple[str, Line]]]:
        """Its lines with their borders, the newest first, in pages of about ROWS rows."""
        pages: list[list[tuple[str, Line]]] = [[]]
        rows = 0
        for borders in sorted(self.lines, reverse=True):
            for line in self.lines[borders]:
                if rows and rows + 1 + line.rows > ROWS:
                    pages.append([])
                    rows = 0
                pages[-1].append((borders, line))
                rows += 1 + line.rows
        return pages

    def part(self, number: int) -> str:
        """Return the address of the part with a `number`, from 0, as `page` is one."""
        return f"{self.page}-{number + 1}" if number else self.page

    @cached_property
    def rows(self) -> int:
        """How many series are known of it."""
        return sum(line.rows for lines in self.lines.values() for line in lines)


@dataclass(frozen=True)
class BorderChange:
    """What became of an area on a `day`: it was made of others, or went into others."""

    day: date
    formed: bool
    others: tuple[CodeEntry, ...]
    pages: tuple[str | None, ...]  # of the others


class Gazetteer:
    """The places of a site.

    listed: its datasets, in the order in which they are shown.
    registries: the lists of areas, and which places are alike.
    """

    def __init__(self, listed: Sequence[Listed], registries: Registries) -> None:
        self.registries = registries
        self.datasets = {each.state.dataset: each for each in listed}
        self._pages: dict[tuple[str, str], str | None] = {}
        self._known_borders: dict[tuple[str, str], str] = {}
        self.places: dict[str, Place] = {}
        home = city().area
        if home and (codelist := registries.codelists.get(home.codelist)):
            self.places[CITY_PAGE] = Place(CITY_PAGE, codelist, codelist.codes[home.code])
        for each in listed:
            codelist = registries.codelists.get(each.state.codelist)
            if codelist:
                for area, vintage in each.figures.places:
                    self._add(codelist, Line(each, area, vintage))

    def _add(self, codelist: Codelist, line: Line) -> None:
        page = self.page(codelist, line.area)
        if page is None:
            return
        place = self.places.get(page)
        entry = codelist.codes[line.area]
        # A country has its own name in a list of countries, "whole country" in that of its areas.
        if place is None or (
            codelist.vintage > place.codelist.vintage if entry.kind != "country"
            else dict(place.codelist.areas_grouped)[line.area]
        ):
            place = Place(page, codelist, entry, place.lines if place else defaultdict(list))
            self.places[page] = place
        key = page, line.vintage
        if key not in self._known_borders:
            self._known_borders[key] = self._borders(codelist, entry, line.vintage)
        place.lines[self._known_borders[key]].append(line)

    def page(self, codelist: Codelist, code: str) -> str | None:
        """Return the address of the page of the area `code` of a `codelist`, if it can have one.

        It is without language and ending.
        """
        key = codelist.id, code
        if key not in self._pages:
            self._pages[key] = self._page(codelist, code)
        return self._pages[key]

    def _page(self, codelist: Codelist, code: str) -> str | None:
        entry = codelist.codes.get(code)
        if entry is None or not re.fullmatch(r"[A-Za-z0-9][\w.\-]*", code):
            return None
        if entry.kind == "country":
            return f"places/country/{code}"
        if dict(codelist.areas_grouped)[code]:
            return None
        home = city().area
        now = self.registries.codelists.get(home.codelist) if home else None
        if home and now and (_authority(now), home.code) == (_authority(codelist), code):
            return CITY_PAGE
        return f"places/{_authority(codelist)}/{code}"

    def _borders(self, codelist: Codelist, entry: CodeEntry, vintage: str) -> str:
        """Return the vintage of an area's borders; the first of those that are the same."""
        if entry.kind == "country":
            return ""
        for succession in self.registries.successions.values():
            old = self.registries.codelists[succession.old].vintage
            new = self.registries.codelists[succession.new].vintage
            if vintage in (old, new) and _same(succession, entry.code):
                return old
        return vintage

    def changes(self, place: Place) -> list[BorderChange]:
        """Return what became of a `place` when borders changed, oldest first."""
        found = []
        for succession in self.registries.successions.values():
            old = self.registries.codelists[succession.old]
            new = self.registries.codelists[succession.new]
            day, code = vintage_day(new.vintage), place.entry.code
            if day is None or _same(succession, code):
                continue
            if place.page == self.page(new, code) and code in succession.predecessors:
                found.append(self._change(day, True, old, succession.predecessors[code]))
            elif place.page == self.page(old, code) and code in succession.successors:
                found.append(self._change(day, False, new, succession.successors[code]))
        return sorted(found, key=lambda each: each.day)

    def _change(
        self, day: date, formed: bool, codelist: Codelist, codes: Iterable[str]
    ) -> BorderChange:
        pages = {code: self.page(codelist, code) for code in sorted(codes)}
        return BorderChange(
            day, formed, tuple(codelist.codes[code] for code in pages),
            tuple(page if page in self.places else None for page in pages.values()),
        )

    def within(self, place: Place) -> list[tuple[CodeEntry, str | None, list[CodeEntry]]]:
        """Return the areas of the newest list that lie in a `place`.

        Each with its page, if it has figures, and the areas that it was made of.
        """
        lists = [
            each for each in self.registries.codelists.values()
            if each.vintage == place.codelist.vintage
            and any(entry.parent == place.entry.code for entry in each.entries)
        ]
        found = []
        for codelist in lists:
            for entry in codelist.entries:
                if entry.parent == place.entry.code:
                    page = self.page(codelist, entry.code)
                    found.append((
                        entry, page if page in self.places else None,
                        self._predecessors(codelist, entry.code),
                    ))
        return found

    def _predecessors(self, codelist: Codelist, code: str) -> list[CodeEntry]:
        return [
            self.registries.codelists[each.old].codes[old]
            for each in self.registries.successions.values() if each.new == codelist.id
            for old in sorted(each.predecessors.get(code, ()))
        ]

    def country_of(self, line: Line) -> str | None:
        """Return the area that a line's is compared with: the list's country, or the city's."""
        for code in self._countries.get(line.listed.state.codelist, ()):
            if code != line.area:
                return code
        return None

    @cached_property
    def _countries(self) -> dict[str, list[str]]:
        """Which areas those of each codelist can be compared with."""
        found = {}
        for name, codelist in self.registries.codelists.items():
            countries = [each.code for each in codelist.entries if each.kind == "country"]
            chosen = countries if len(countries) == 1 else home_areas()[1:]
            found[name] = [code for code in chosen if code in codelist.codes]
        return found

    def similar(self, codelist: str, area: str) -> list[str]:
        """Return the areas of a `codelist` most like an `area`, the nearest first; see `alike`."""
        return self._nearest.get((codelist, area), [])

    @cached_property
    def _nearest(self) -> dict[tuple[str, str], list[str]]:
        return {
            (codelist, area): [code for _, code in sorted(
                (dist(other, at), code) for code, other in known.items() if code != area
            )[:SIMILAR]]
            for codelist, known in self._positions.items() for area, at in known.items()
        }

    def alike(self, codelist: str) -> list[tuple[Listed, Measure]]:
        """Return by which figures, each of its newest period, areas of a `codelist` are alike.

        The areas are the nearest in the logarithms of the figures, each divided by its standard
        deviation. None where a dataset is missing.
        """
        declared = self.registries.similar_places.get(codelist)
        found = [
            (listed, measure)
            for dataset, code in (declared.by.items() if declared else ())
            if (listed := self.datasets.get(dataset))
            for measure in listed.figures.measures
            if measure.indicator == code and measure.breakdown is None
        ]
        return found if declared and len(found) == len(declared.by) else []

    @cached_property
    def _positions(self) -> dict[str, dict[str, tuple[float, ...]]]:
        """The place of each area among those of its codelist, by the figures that `alike` names."""
        found = {}
        for name in self.registries.similar_places:
            groups = dict(self.registries.codelists[name].areas_grouped)
            columns = []
            for listed, measure in self.alike(name):
                column = {
                    area: log(value)
                    for area, vintage in listed.figures.places if not groups.get(area, True)
                    for each in listed.figures.series(area, vintage)
                    if listed.figures.measures[each.measure] is measure
                    and (value := each.value_in(measure.last) or 0) > 0
                }
                spread = pstdev(column.values()) if column else 0
                columns.append({area: at / (spread or 1) for area, at in column.items()})
            known = set.intersection(*map(set, columns)) if columns else set()
            found[name] = {
                area: tuple(column[area] for column in columns) for area in sorted(known)
            }
        return found


def _authority(codelist: Codelist) -> str:
    return codelist.vintage.partition(":")[0].lower()


def _same(succession: AreaSuccession, code: str) -> bool:
    """Whether an area is the same before and since: made of itself alone, and all of itself."""
    return (
        succession.successors.get(code) == {code} == succession.predecessors.get(code)
    )
