"""What the yearly report says, before it is put into words: a function of releases and a year."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from model.reference.city import city
from model.reference.reconciliation import ReleasedFigure
from model.reference.registries import Registries, Sector
from model.util.text import LocalizedText
from portal.scope import home_area
from portal.site_folder.state import DatasetState
from portal.targets.assessment import (
    CITY,
    COUNTRY,
    NOT_FINAL,
    SHARES,
    Assessment,
    Assessments,
    RollUp,
    assess,
    assess_target,
)
from portal.targets.figures import ReleasedTable, ReleaseHistory, TargetSeries, YearFigure


@dataclass(frozen=True)
class ReportReleases(ReleaseHistory):
    """Releases as a report on a year sees them.

    until: the last year whose figures count.
    released: the last day on which a release counts; the day that is asked for does not matter, as
        a report on a year is written after it.
    """

    until: int = 9999
    released: date = date.max

    def at(self, dataset: str, day: date) -> ReleasedTable | None:
        """Return the release of a `dataset` that the report rests on, whatever the `day`."""
        return super().at(dataset, self.released)

    def series(
        self, figure: ReleasedFigure, area: str, vintage: str, day: date
    ) -> TargetSeries | None:
        """Return the yearly figures up to the report's year; arguments as for its base."""
        found = super().series(figure, area, vintage, self.released)
        if found is None:
            return None
        return TargetSeries(
            found.source, tuple(each for each in found.figures if each.year <= self.until),
            tuple(year for year in found.other_borders if year <= self.until),
        )


@dataclass(frozen=True)
class IndicatorResult:
    """An indicator of a sector with its newest figures within the city's borders.

    id: of the sector indicator.
    name, unit, decimals: in words, and digits behind the point.
    series: its figures; None where there are none yet.
    agency: who is to supply them, where there are none.
    is_share, is_rank: what kind of figure it is: relative changes of neither say anything.
    """

    id: str
    name: LocalizedText
    unit: LocalizedText | None  # None where its dataset is not published
    decimals: int
    series: TargetSeries | None
    agency: LocalizedText | None
    is_share: bool = False
    is_rank: bool = False

    @property
    def newest(self) -> YearFigure | None:
        """The newest figure."""
        return self.series.figures[-1] if self.series and self.series.figures else None

    @property
    def before(self) -> YearFigure | None:
        """The figure of the year before the newest one; None where that year has none."""
        if self.series is None or len(self.series.figures) < 2:
            return None
        last, newest = self.series.figures[-2:]
        return last if last.year == newest.year - 1 else None

    @property
    def change(self) -> float | None:
        """The relative change from the year before; None of shares, ranks and from nothing."""
        if self.newest is None or self.before is None or self.before.value <= 0:
            return None
        return None if self.is_share or self.is_rank else self.newest.value / self.before.value - 1

    @property
    def points(self) -> float | None:
        """The change of a share from the year before, in percentage points."""
        if self.newest is None or self.before is None or not self.is_share:
            return None
        return self.newest.value - self.before.value


@dataclass(frozen=True)
class Group:
    """A sector, the city as a whole, or the country: its targets, and its indicators."""

    id: str
    title: LocalizedText | None  # None for the city and the country
    assessments: Sequence[Assessment]
    indicators: Sequence[IndicatorResult]

    @property
    def with_figures(self) -> list[IndicatorResult]:
        """The indicators that have a figure."""
        return [each for each in self.indicators if each.newest]

    @property
    def without_figures(self) -> list[IndicatorResult]:
        """The indicators that have none yet."""
        return [each for each in self.indicators if not each.newest]


@dataclass(frozen=True)
class Turned:
    """A target whose verdict, or whose figure, differs from that of the year before."""

    now: Assessment
    before: Assessment

    @property
    def direction(self) -> int:
        """1 where it got better, -1 where it got worse, 0 where neither can be said."""
        order = {"behind": 0, "on_track": 1, "met": 2}
        if self.now.verdict in order and self.before.verdict in order:
            moved = order[self.now.verdict] - order[self.before.verdict]
            if moved:
                return 1 if moved > 0 else -1
        new, old = self.now.newest, self.before.newest
        if new is None or old is None or new.year == old.year or new.value == old.value:
            return 0
        more_is_better = self.now.target.operator in (">=", ">")
        if self.now.target.operator == "=":
            return 0
        return 1 if (new.value > old.value) == more_is_better else -1


@dataclass(frozen=True)
class Findings:
    """All that a report says.

    year: what it is about.
    released: the last day whose releases count.
    now, before: the targets in force at the end of the year that are for it or a later one, by the
        figures up to it and up to the year before.
    states: the datasets of the site, by id.
    address: of the site on the web, where it is known.
    """

    registries: Registries
    year: int
    released: date
    now: Assessments
    before: Assessments
    releases: ReportReleases
    states: dict[str, DatasetState]
    address: str = ""

    @cached_property
    def roll_ups(self) -> list[RollUp]:
        """The counts of the city's own targets, of each sector's, of the country's, and of all."""
        return self.now.roll_ups(self.registries.sectors)

    @cached_property
    def groups(self) -> list[Group]:
        """The city, the sectors in their order, and the country, where they have anything."""
        sectors: list[tuple[str, Sector | None]] = [
            (CITY, None), *self.registries.sectors.items(), (COUNTRY, None)
        ]
        found = [
            Group(
                name, sector.title if sector else None, self.now.in_group(name),
                self._indicators(name if sector else None) if name != COUNTRY else (),
            )
            for name, sector in sectors
        ]
        return [each for each in found if each.assessments or each.indicators]

    @cached_property
    def turned(self) -> list[Turned]:
        """The targets whose figure or verdict moved since the year before, each indicator once."""
        found: dict[str, Turned] = {}
        for now in self.now.assessments:
            each = Turned(now, self.before[now.target.id])
            if each.direction and now.newest and now.newest.year == self.year:
                found.setdefault(now.target.indicator or now.target.id, each)
        return list(found.values())

    @cached_property
    def tables(self) -> list[ReleasedTable]:
        """The releases that a figure of the report is from."""
        names = {
            each.source.dataset for each in self.now.assessments if each.source and each.figures
        } | {
            each.series.source.dataset
            for group in self.groups for each in group.with_figures if each.series
        }
        found = (self.releases.at(name, self.released) for name in sorted(names))
        return [each for each in found if each]

    @property
    def issued(self) -> datetime:
        """When the newest of these releases was issued: the report's own date."""
        return max(each.issued for each in self.tables)

    def _indicators(self, sector: str | None) -> list[IndicatorResult]:
        targets = self.registries.targets
        return [
            self._result(name) for name, each in targets.indicators.items()
            if each.sector == sector
        ]

    def _result(self, name: str) -> IndicatorResult:
        units, indicator = self.registries.units, self.registries.targets.indicators[name]
        figure = indicator.measured_by
        if figure is None:
            return IndicatorResult(
                name, indicator.name or LocalizedText(en=name),
                units[indicator.unit or ""].name, 0, None, indicator.agency,
            )
        state = self.states.get(figure.dataset)
        summary = next(
            (each for each in state.indicators if each.code == figure.indicator), None
        ) if state else None
        title = indicator.name or (summary.name if summary else LocalizedText(en=name))
        unit = summary.unit if summary else indicator.unit
        every = (
            self.releases.series(figure, home_area() or "", vintage, self.released)
            for vintage in self._vintages
        )
        known = [each for each in every if each and each.figures]
        series = max(known, key=lambda each: each.figures[-1].year, default=None)
        return IndicatorResult(
            name, title, units[unit].name if unit else None,
            summary.decimals if summary else 0, series, indicator.agency,
            is_share=unit in SHARES, is_rank=unit == "rank",
        )

    @cached_property
    def _vintages(self) -> list[str]:
        """The borders that targets are about and those of today."""
        lists = {each.area.codelist for each in self.registries.targets.targets.values()}
        area = city().area
        named = sorted(lists | ({area.codelist} if area else set()))
        return list(dict.fromkeys(self.registries.codelists[name].vintage for name in named))


def gather(
    registries: Registries, states: Iterable[DatasetState], releases: ReleaseHistory, year: int,
    as_of: date | None = None,
) -> Findings:
    """Return what a report on a `year` says.

    Args:
        registries: targets, sectors, units and codelists.
        states: the datasets of the site.
        releases: all that the site offers of them.
        year: targets in force at its end, for it or a later one, and figures up to it.
        as_of: the last day whose releases count; by default that of the newest one.

    Raises:
        PortalError: a release's file is damaged.
    """
    day = as_of or releases.days[-1]
    seen = ReportReleases(releases.tables, until=year, released=day)
    earlier = ReportReleases(releases.tables, until=year - 1, released=day)
    end = date(year, 12, 31)
    now = Assessments(end, tuple(
        each for each in assess(registries, seen, end).assessments if each.target.year >= year
    ))
    before = Assessments(date(year - 1, 12, 31), tuple(
        assess_target(registries, earlier, each.target, date(year - 1, 12, 31))
        for each in now.assessments
    ))
    return Findings(
        registries, year, day, now, before, seen, {each.dataset: each for each in states}
    )


def is_final(figure: YearFigure) -> bool:
    """Whether a figure is no estimate and not preliminary."""
    return figure.status not in NOT_FINAL
