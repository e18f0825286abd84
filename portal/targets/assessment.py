"""The assessment of every target as of a day: a function of the registry, releases and that day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from model.reference.registries import Registries
from model.reference.targets import Target
from model.util.text import Frozen
from portal.scope import home_area
from portal.targets.figures import FigureKey, ReleaseHistory, TargetSeries, YearFigure
from portal.targets.progress import Goal, Progress, Reason, Verdict, measure
from portal.targets.projection import Projected, project
from portal.vocabulary import NOT_FINAL

SHARES = frozenset({"percent", "percent_grdp", "percent_gdp"})  # units of shares
CITY, COUNTRY = "city", "country"  # groups of targets besides the sectors


class Assessment(Frozen):
    """A target as of a day: the verdict, what it rests on, and where the series is heading.

    verdict: met, on track, behind, or no data.
    reason: why there is no verdict.
    progress: the figures compared, growth rates, and where the verdict would turn.
    source: where the figures stand; none where nothing measures the target.
    figures: all yearly ones within the target's borders, oldest first.
    other_borders: years whose figures are within other borders, and not used.
    projection: from the year after the newest figure to the target's, with 90 % intervals.
    over: whether the target's year has ended.
    """

    target: Target
    as_of: date
    verdict: Verdict
    reason: Reason | None = None
    progress: Progress | None = None
    source: FigureKey | None = None
    figures: tuple[YearFigure, ...] = ()
    other_borders: tuple[int, ...] = ()
    projection: tuple[Projected, ...] = ()
    over: bool = False

    @property
    def group(self) -> str:
        """The sector's id, CITY or COUNTRY."""
        return _group_of(self.target)

    @property
    def newest(self) -> YearFigure | None:
        """The newest figure that counts: none after the target's year."""
        known = [each for each in self.figures if each.year <= self.target.year]
        return known[-1] if known else None

    @property
    def final(self) -> bool | None:
        """Whether the deciding figure is no estimate and not preliminary; None without one."""
        return self.newest.status not in NOT_FINAL if self.newest else None


class RollUp(Frozen):
    """The targets of a sector, the city or the country, counted.

    group: a sector's id, CITY, COUNTRY, or `all` for all together.
    no_data: without a verdict; `not_loaded` of them as their value could not be read.
    not_final: verdicts that rest on an estimate or a preliminary figure.
    """

    group: str
    targets: int
    met: int
    on_track: int
    behind: int
    no_data: int
    not_loaded: int
    not_final: int

    @property
    def missing_share(self) -> float:
        """The share of the targets of which nothing can be said for want of data."""
        return self.no_data / self.targets if self.targets else 0.0


@dataclass(frozen=True)
class Assessments:
    """All targets in force on a day, assessed, in the registry's order."""

    as_of: date
    assessments: tuple[Assessment, ...]

    def __getitem__(self, target: str) -> Assessment:
        """Return the assessment of a target, by its id."""
        return self.by_target[target]

    @cached_property
    def by_target(self) -> dict[str, Assessment]:
        """The assessments by the target's id."""
        return {each.target.id: each for each in self.assessments}

    @property
    def of_city(self) -> RollUp:
        """The counts of all targets but the country's."""
        return _roll_up("all", [each for each in self.assessments if each.group != COUNTRY])

    def in_group(self, group: str) -> list[Assessment]:
        """Return the assessments of a sector (its id), of CITY or of COUNTRY."""
        return [each for each in self.assessments if each.group == group]

    def roll_ups(self, sectors: Iterable[str]) -> list[RollUp]:
        """Return the counts of the city's own, each of `sectors`, the country's, and all."""
        groups = [CITY, *sectors, COUNTRY]
        found = [_roll_up(group, self.in_group(group)) for group in groups]
        return [*(each for each in found if each.targets), self.of_city]


def assess(registries: Registries, releases: ReleaseHistory, as_of: date) -> Assessments:
    """Assess every target that is in force on the day `as_of`, by what was released until then.

    `registries` have the targets and what measures them.

    Raises:
        PortalError: a release's file is damaged, or a target's figure is not the only one.
    """
    targets = registries.targets.in_force(as_of)
    return Assessments(as_of, tuple(
        assess_target(registries, releases, target, as_of) for target in targets
    ))


def assess_target(
    registries: Registries, releases: ReleaseHistory, target: Target, as_of: date,
    projected: bool = True,
) -> Assessment:
    """Assess one `target` as of a day, whether or not it is in force; see `assess`.

    Without a projection unless it is to be `projected`.
    """
    series, reason = _figures(registries, releases, target, as_of)
    unknown = Assessment(
        target=target, as_of=as_of, verdict="no_data", reason=reason,
        source=series.source if series else None, figures=series.figures if series else (),
        other_borders=series.other_borders if series else (), over=as_of.year > target.year,
    )
    if series is None or reason or target.value is None:
        return unknown
    found = measure(series.figures, goal_of(registries, target, target.value))
    if isinstance(found, str):
        return unknown.model_copy(update={"reason": found})
    known = [each for each in series.figures if each.year <= target.year]
    return unknown.model_copy(update={
        "verdict": found.verdict, "progress": found,
        "projection": project(
            known, target.year, 100 if target.unit in SHARES else None
        ) if projected else (),
    })


def goal_of(registries: Registries, target: Target, value: float) -> Goal:
    """Return a `target` with its `value` as the method needs it; `registries` date its document."""
    set_in = registries.targets.documents[target.document].year
    baseline = target.baseline or min(set_in, target.year - 1)
    return Goal(value=value, operator=target.operator, year=target.year, baseline=baseline)


def _group_of(target: Target) -> str:
    """Return the group that a `target` is counted in: its sector's id, CITY or COUNTRY."""
    if target.area.code != home_area():
        return COUNTRY
    return target.sector or CITY


def _roll_up(group: str, found: Sequence[Assessment]) -> RollUp:
    """Count the assessments that were `found` for a `group`."""
    def count(test: Callable[[Assessment], bool]) -> int:
        return sum(map(test, found))

    return RollUp(
        group=group, targets=len(found),
        met=count(lambda each: each.verdict == "met"),
        on_track=count(lambda each: each.verdict == "on_track"),
        behind=count(lambda each: each.verdict == "behind"),
        no_data=count(lambda each: each.verdict == "no_data"),
        not_loaded=count(lambda each: each.reason == "not_loaded"),
        not_final=count(lambda each: each.verdict != "no_data" and each.final is False),
    )


def _figures(
    registries: Registries, releases: ReleaseHistory, target: Target, as_of: date
) -> tuple[TargetSeries | None, Reason | None]:
    """Return the figures of a target, and why there is no verdict if it is known already."""
    measured = registries.targets.measured_by(target)
    if measured is None:
        return None, "not_loaded" if target.status == "not_loaded" else "no_indicator"
    vintage = registries.codelists[target.area.codelist].vintage
    series = releases.series(measured, target.area.code, vintage, as_of)
    if target.status == "not_loaded":
        return series, "not_loaded"
    if series is None:
        return None, "no_release"
    if not series.figures:
        return series, "other_borders" if series.other_borders else "no_figure"
    return series, None
