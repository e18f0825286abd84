"""The pages of places, rendered: one for each part of a place, and the index of all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, partial
from hashlib import blake2b
from itertools import groupby
from statistics import median
from typing import Any, NamedTuple

from markupsafe import Markup

from model.util.hashing import sha256_json
from model.util.languages import default_language, languages
from model.util.text import LocalizedText, fold
from portal.charts.chart import sparkline
from portal.rendering.environment import environment, render_template
from portal.scope import COUNT
from portal.site.shared_pages.catalogue import TEMPLATES
from portal.site.shared_pages.figures import IndicatorSummary, Measure
from portal.site.shared_pages.places import CITY_PAGE, BorderChange, Gazetteer, Line, Place
from portal.site_folder.shared_page import SharedPage
from portal.targets.words import say

INDEX = "places"


_DIGEST = 12  # bytes
_TABLE = re.compile(rf"<!--([0-9a-f]{{{2 * _DIGEST}}})-->(.*?)<!--/-->", re.DOTALL)


class PlaceFigure(NamedTuple):
    """A figure of a place, in no language: what templates/place.html shows in a row."""

    indicator: IndicatorSummary
    measure: Measure
    unit: LocalizedText | None  # None where the indicator's name says what is counted
    period: str
    first: str
    value: float
    status: str
    path: str  # of its line
    country: float | None  # the country's figure of the same period
    similar: float | None  # the median of the similar places'
    rank: int
    of: int


def pages(gazetteer: Gazetteer, base_url: str | None) -> Iterator[SharedPage]:
    """Yield the pages of every place of a `gazetteer`, and their index.

    `base_url` is the site's address on the web, with a slash at the end, if known.
    """
    for place in gazetteer.places.values():
        for number in range(len(place.parts)):
            part = _Part(gazetteer, place, number)
            for language in languages():
                render = partial(part.render, language, base_url)
                yield SharedPage(part.path(language, number), part.inputs, render, render)
    known = [(place.page, place.rows) for place in gazetteer.places.values()]
    for language in languages():
        yield SharedPage(
            f"{language}/{INDEX}.html", sha256_json(known),
            partial(_render_index, gazetteer, language, base_url),
        )


class _Part:
    """A page of a place: the part with a `number`, from 0."""

    def __init__(self, gazetteer: Gazetteer, place: Place, number: int) -> None:
        self.gazetteer = gazetteer
        self.place = place
        self.number = number
        self.lines = place.parts[number]

    def path(self, language: str, number: int) -> str:
        """Return the path of the part with a `number` in a `language`."""
        return f"{language}/{self.place.part(number)}.html"

    @cached_property
    def inputs(self) -> str:
        """A digest of all that the page is made from."""
        made_from = blake2b(digest_size=16)
        made_from.update(self._around.encode())
        for _, line in self.lines:
            made_from.update(self.made_from(line))
        return made_from.hexdigest()

    @cached_property
    def _around(self) -> str:
        pages = [each.pages for each in self.changes], [page for _, page, _ in self.within]
        return f"{self.number} {len(self.place.parts)} {self.place.rows} {pages}"

    def made_from(self, line: Line) -> bytes:
        """Return what tells whether another page of the place shows a `line` in the same way."""
        known, found = line.listed.figures.places, [line.listed.words.encode()]
        for area in (line.area, self._country(line), *self._similar(line)):
            figures = known.get((area, line.vintage))
            found.append(figures[1] if figures else b"-")
        return b"".join(found)

    def _country(self, line: Line) -> str:
        return self.gazetteer.country_of(line) or ""

    def _similar(self, line: Line) -> list[str]:
        return self.gazetteer.similar(line.listed.state.codelist, line.area)

    def render(self, language: str, base_url: str | None, stands: bytes = b"") -> bytes:
        """Render the page in a `language`; `base_url` as for `pages`.

        The page that `stands`, if it was made by the same code, gives the tables of the datasets
        that have not changed, and where only tables differ what stands between them.
        """
        place = self.place
        first, *pieces = _TABLE.split(stands.decode())
        kept = dict(zip(pieces[::3], pieces[1::3], strict=True))
        page = self.path(language, self.number).partition("/")[2]
        root = "../" * (page.count("/") + 1)
        template: Any = environment(TEMPLATES, language).get_template("place_table.html").module
        tables = {
            each.made_from: Markup(kept[each.made_from])  # noqa: S704 - rendered, its texts escaped
            if each.made_from in kept else template.table(
                each.state, each.rows, each.number, place.entry.code, self.country_name, root[3:]
            )
            for each in self.tables
        }
        if f"<!--{self.frame}-->" in first:
            between = zip(self.tables, pieces[2::3], strict=True)
            return "".join([
                first, *(f"<!--{each.made_from}-->{tables[each.made_from]}<!--/-->{then}"
                         for each, then in between),
            ]).encode()
        return render_template(
            TEMPLATES, "place.html", language, root=root, page=page,
            preview=False, base_url=base_url, place=place, number=self.number,
            paths=[self.path(language, at) for at in range(len(place.parts))],
            territories=self.territories, tables=tables, frame=self.frame, changes=self.changes,
            alike=self._alike, within=self.within, country=self.country_name, say_targets=say,
            targets=self._targets, sectors=self.gazetteer.registries.sectors,
            json_ld=self._schema_org(language, page, base_url),
        )

    @cached_property
    def frame(self) -> str:
        """A digest of what the page shows around its tables, besides the language."""
        alike = [
            (each["codelist"].id, [(name.by_language, period) for name, period in each["by"]],
             [page for _, page in each["places"]])
            for each in self._alike
        ]
        return sha256_json([
            self._around, alike, self._targets,
            self.country_name.by_language if self.country_name else None,
            [(borders, line.listed.state.sector, line.listed.state.dataset)
             for borders, line in self.lines],
        ])[:32]

    @cached_property
    def tables(self) -> list[_Table]:
        """The tables, in their order."""
        return [
            table for _, sectors in self.territories for _, members in sectors for table in members
        ]

    @cached_property
    def territories(self) -> list[tuple[str, list[tuple[str, list[_Table]]]]]:
        """The tables by borders, sector and dataset."""
        return [
            (borders, [
                (sector, [_Table(self, line, number) for _, line in members])
                for sector, members in groupby(lines, lambda each: each[1].listed.state.sector)
            ])
            for number, (borders, lines) in enumerate(groupby(self.lines, lambda each: each[0]), 1)
        ]

    def rows(self, line: Line) -> list[PlaceFigure]:
        """Return a row for each series of a `line`, but targets and projections."""
        listed, units = line.listed, self.gazetteer.registries.units
        series_of, measures = listed.figures.series, listed.figures.measures
        country = {each.measure: each for each in series_of(self._country(line), line.vintage)}
        similar = [
            {each.measure: each for each in series_of(area, line.vintage)}
            for area in self._similar(line)
        ]
        rows = []
        for each in series_of(line.area, line.vintage):
            measure = measures[each.measure]
            indicator = listed.indicators[measure.indicator]
            if indicator.expected:
                continue
            period = each.periods[-1]
            theirs = [
                value for known in similar if each.measure in known
                if (value := known[each.measure].value_in(period)) is not None
            ]
            whole = country.get(each.measure)
            rows.append(PlaceFigure(
                indicator, measure,
                None if indicator.unit == COUNT else units[indicator.unit].name,
                period, each.periods[0], each.values[-1], each.statuses[-1],
                sparkline(each.with_gaps), whole.value_in(period) if whole else None,
                median(theirs) if len(theirs) > 1 else None, each.rank, each.of,
            ))
        return rows

    @cached_property
    def _alike(self) -> list[dict[str, Any]]:
        """The places most like this one, by list of areas, and by which figures they are."""
        lists = {line.listed.state.codelist: line.area for _, line in self.lines}
        found = []
        for name, area in lists.items():
            codelist = self.gazetteer.registries.codelists[name]
            if similar := self.gazetteer.similar(name, area):
                found.append({
                    "codelist": codelist,
                    "by": [
                        (listed.indicators[measure.indicator].name, measure.last)
                        for listed, measure in self.gazetteer.alike(name)
                    ],
                    "places": [
                        (codelist.codes[code].name, self.gazetteer.page(codelist, code))
                        for code in similar
                    ],
                })
        return found

    @cached_property
    def changes(self) -> list[BorderChange]:
        """What became of the place when borders changed."""
        return self.gazetteer.changes(self.place)

    @property
    def _targets(self) -> bool:
        return self.place.page == CITY_PAGE and self.gazetteer.registries.targets.measured_in(
            self.gazetteer.datasets
        )

    @cached_property
    def within(self) -> list[Any]:
        """The areas in the city, on the last page of it."""
        last = self.number == len(self.place.parts) - 1
        return self.gazetteer.within(self.place) if last and self.place.page == CITY_PAGE else []

    @cached_property
    def country_name(self) -> LocalizedText | None:
        """Whose figures this place's are compared with."""
        for _, line in self.lines:
            if code := self.gazetteer.country_of(line):
                return self.gazetteer.registries.codelists[line.listed.state.codelist].codes[
                    code].name
        return None

    def _schema_org(self, language: str, page: str, base_url: str | None) -> dict[str, Any]:
        """Describe the place for search engines (https://schema.org/Place)."""
        entry = self.place.entry
        return {
            "@context": "https://schema.org",
            "@type": "Country" if entry.kind == "country" else "AdministrativeArea",
            "name": entry.name.get(language),
            "identifier": {
                "@type": "PropertyValue", "propertyID": self.place.codelist.vintage,
                "value": entry.code,
            },
            **({"url": f"{base_url}{language}/{page}"} if base_url else {}),
        }


class _Table:
    """What a page says of a `line`: a dataset's figures of the place, under the `number`th borders.
    """

    def __init__(self, part: _Part, line: Line, number: int) -> None:
        self.part = part
        self.line = line
        self.number = number
        self.state = line.listed.state

    @cached_property
    def made_from(self) -> str:
        """A digest of what it is made from, besides the language and what all pages are made from.

        It stands before the table, in a comment.
        """
        country = self.part.country_name
        said = f"{self.number} {country.model_dump_json() if country else ''} "
        made_from = said.encode() + self.part.made_from(self.line)
        return blake2b(made_from, digest_size=_DIGEST).hexdigest()

    @cached_property
    def rows(self) -> list[PlaceFigure]:
        """The figures."""
        return self.part.rows(self.line)


def _groups_of(gazetteer: Gazetteer) -> list[tuple[LocalizedText, list[Place]]]:
    """Return the places by the newest list that they are in, the city's own list first."""
    by_list: dict[str, list[Place]] = {}
    for place in gazetteer.places.values():
        by_list.setdefault(place.codelist.id, []).append(place)
    lists = gazetteer.registries.codelists
    order = sorted(by_list, key=lambda name: (lists[name].vintage, name), reverse=True)
    return [
        (lists[name].title,
         sorted(by_list[name], key=lambda each: fold(each.entry.name.get(default_language()))))
        for name in order
    ]


def _render_index(gazetteer: Gazetteer, language: str, base_url: str | None) -> bytes:
    return render_template(
        TEMPLATES, "places.html", language, root="../", page=f"{INDEX}.html", preview=False,
        base_url=base_url, groups=_groups_of(gazetteer),
    )
