"""What pages and files of targets are made of: a site's datasets, and everything assessed once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlencode

from model.reference.registries import Registries
from model.reference.targets import SectorIndicator, Target
from model.util.hashing import sha256_json
from portal.site_folder.state import DatasetState, IndicatorSummary
from portal.targets.assessment import Assessment, Assessments, assess, assess_target
from portal.targets.figures import YEARLY, FigureKey, ReleaseHistory
from portal.targets.history import Change, changes
from portal.targets.published import published_releases
from portal.targets.words import WORDS


@dataclass(frozen=True)
class TargetsView:
    """The targets of a city as of the newest release of a site.

    folder: the site's.
    states: its datasets that are offered, by id.
    checksums: of their `dataset.json`.
    """

    folder: Path
    registries: Registries
    states: dict[str, DatasetState]
    checksums: dict[str, str]

    @classmethod
    def of(
        cls, folder: Path, registries: Registries, states: Iterable[DatasetState],
        checksums: dict[str, str],
    ) -> "TargetsView":
        """Return the view of the `states` that a site in `folder` offers; see the class."""
        return cls(folder, registries, {state.dataset: state for state in states}, checksums)

    @cached_property
    def shown(self) -> bool:
        """Whether the site has something that targets are measured by."""
        return self.registries.targets.measured_in(self.states)

    @cached_property
    def measuring(self) -> dict[str, DatasetState]:
        """The datasets that measure an indicator of the registry, by id."""
        named = {
            each.measured_by.dataset
            for each in self.registries.targets.indicators.values() if each.measured_by
        }
        return {name: state for name, state in self.states.items() if name in named}

    @cached_property
    def issued(self) -> datetime | None:
        """When the newest of these was released; None without one."""
        return max((state.issued for state in self.measuring.values()), default=None)

    @property
    def as_of(self) -> date:
        """The day of the assessment: that of the newest release, so that nothing hangs on a clock.
        """
        first = min(each.valid_from for each in self.registries.targets.documents.values())
        return max(self.issued.date(), first) if self.issued else first

    @cached_property
    def inputs(self) -> str:
        """A digest of what all is made from, besides the registry."""
        return sha256_json({name: self.checksums[name] for name in sorted(self.measuring)})

    @cached_property
    def releases(self) -> ReleaseHistory:
        """Their releases."""
        return published_releases(self.folder, self.measuring.values())

    @cached_property
    def assessed(self) -> Assessments:
        """Every target in force, assessed."""
        return assess(self.registries, self.releases, self.as_of)

    @cached_property
    def changes(self) -> dict[str, list[Change]]:
        """The changes of each target's verdict."""
        return changes(self.registries, self.releases, self.as_of)

    def assessment(self, target: Target) -> Assessment:
        """Return the assessment of a target, of one that was replaced as of its last day."""
        known = self.assessed.by_target.get(target.id)
        if known is not None:
            return known
        return assess_target(self.registries, self.releases, target, self.as_of)

    def summary(self, measured: FigureKey | None) -> IndicatorSummary | None:
        """Return the indicator that a target is measured by; None where its dataset lacks it."""
        if measured is None:
            return None
        return next((each for each in self.states[measured.dataset].indicators
                     if each.code == measured.indicator), None)

    def decimals(self, found: Assessment) -> int:
        """Return how many decimals a target's figures have."""
        summary = self.summary(found.source)
        return summary.decimals if summary else 0

    def pages_of(self, sector: str) -> tuple[str, ...]:
        """Return the pages of targets that have a section of a `sector`, without their ending."""
        sections = {
            "index": self.assessed.in_group(sector), "indicators": self.indicators_of(sector),
        }
        return tuple(page for page, found in sections.items() if found)

    def groups(self) -> list[tuple[str, dict[str, str]]]:
        """Return the groups of targets in order: id, and name by language."""
        names = {sector.id: sector.title for sector in self.registries.sectors.values()}
        order = ["city", *self.registries.sectors, "country"]
        return [
            (group, (names.get(group) or WORDS.groups[group]).by_language) for group in order
            if self.assessed.in_group(group)
        ]

    def indicators_of(self, sector: str | None) -> list[SectorIndicator]:
        """Return the indicators of a `sector`, or of the whole city."""
        return [
            each for each in self.registries.targets.indicators.values() if each.sector == sector
        ]


def figure_query(measured: FigureKey, year: int) -> str:
    """Return the query by which the page of one figure finds it: where it `measured` a `year`."""
    return urlencode({
        "dataset": measured.dataset, "release": measured.release,
        "indicator": measured.indicator, "freq": YEARLY, "ref_area": measured.ref_area,
        "geo_vintage": measured.geo_vintage, "time_period": year, **measured.where,
    })
