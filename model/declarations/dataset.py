"""A dataset's declaration, complete: what it is, and its source in each profile.

One YAML file, `assets/<sector>/<dataset>.yaml`, over the defaults of its sector and project (see
`layers`). A release keeps this model as JSON, so a declaration that is valid must load again from
its own dump. Fields are described in the docstrings, as in `source`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from model.declarations.computed import PROTOCOL, Input, check_reconstructions
from model.declarations.formula import parse_formula
from model.declarations.source import ObsStatus, Source
from model.reference.periods import Frequency
from model.util.text import Code, Frozen, LocalizedList, LocalizedText, Name, Text

PROFILES = ("sample", "live")
Profile = Literal["sample", "live"]

# The observation as this project stores it: SDMX concepts, in this order. The dataset's own
# dimensions stand between `geo_vintage` and `freq`.
BEFORE_DIMENSIONS = ("indicator", "ref_area", "geo_vintage")
AFTER_DIMENSIONS = ("freq", "time_period", "obs_value", "unit_measure", "obs_status", "obs_note")
# Cleaning fills them always; they are released where the declaration gives them a meaning.
BOUNDS, FOOTNOTES = ("lower_bound", "upper_bound"), "footnotes"
PROVENANCE = ("source_part", "source_row", "source_column")  # in releases, never published


class SmallCells(Frozen):
    """Counts of people so small that they could identify someone.

    threshold: counts from 1 to below it are small.
    action: `stop` blocks the release; `suppress` withholds the figure (status Q), and as many
        others as are needed so that no published total gives it away.
    totals: columns and the code of each that stands for the sum of its other codes.
    also_in: datasets with the same indicator, in which the figure must be withheld as well.
    """

    threshold: Annotated[int, Field(ge=2)] = 10
    action: Literal["stop", "suppress"] = "stop"
    totals: dict[Name, Text] = {}
    also_in: tuple[Text, ...] = ()


class Interval(Frozen):
    """What the bounds of an indicator's figures are.

    kind: `confidence` of a sample's estimate, `credible` of a model's (Bayesian), or `range`: the
        lowest and the highest of several figures, without a level.
    level: the probability in percent, e.g. 95.
    """

    kind: Literal["confidence", "credible", "range"]
    level: Annotated[float, Field(gt=0, lt=100)] | None = None

    @model_validator(mode="after")
    def _level_of_a_probability(self) -> Interval:
        if (self.level is None) != (self.kind == "range"):
            raise ValueError("`level` (percent, e.g. 95) belongs to confidence and credible, only")
        return self


class Footnote(LocalizedText):
    """A translated note that observations refer to by its id.

    applies_to: `dataset`, or series (key columns and their values); else the cells that the column
        rule `footnotes` or a mark names.
    """

    applies_to: Literal["dataset"] | dict[str, tuple[str, ...]] | None = None


class Indicator(Frozen):
    """A figure that is observed: what it counts, in which unit, within which bounds.

    name: what readers see.
    definition: what exactly is measured.
    unit: an id of units.yaml.
    decimals: how many decimals are shown.
    minimum: no value may be lower.
    maximum: no value may be higher.
    kind: `observed`, or `projection` or `target`: figures of periods that have not begun are
        quarantined unless they are one of these. Their periods say nothing about freshness.
    interval: what `lower_bound` and `upper_bound` of its figures are.
    small_cells: for counts of people: how small counts are protected.
    formula: of a computed dataset, e.g. `people.population / people.area`.
    additive: `false` where figures of several areas have no sum although their unit has one:
        an average income.
    """

    name: LocalizedText
    definition: LocalizedText | None = None
    unit: Name
    decimals: Annotated[int, Field(ge=0, le=9)] = 2
    minimum: float | None = None
    maximum: float | None = None
    kind: Literal["observed", "projection", "target"] = "observed"
    interval: Interval | None = None
    small_cells: SmallCells | None = None
    formula: Text | None = None
    additive: Literal[False] | None = None

    @field_validator("formula")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            parse_formula(value)
        return value


class Dimension(Frozen):
    """What an observation is broken down by, besides indicator, area and period.

    name: what readers see.
    codelist: the codes; without one any text is its own code.
    """

    name: LocalizedText
    codelist: Name | None = None


class Geography(Frozen):
    """Which areas the dataset covers.

    codelist: the codes of the areas; it carries the vintage of their borders.
    coverage: the place in words; or an id of places.yaml.
    vintages: of the borders, besides the codelist's own.
    uri: the place in GeoNames or the EU vocabulary (DCAT spatial); from `coverage` if that is
        an id.
    """

    codelist: Name
    coverage: LocalizedText
    vintages: tuple[Text, ...] = ()
    uri: Text | None = None


class Correction(Frozen):
    """A source's error, corrected in the declaration, never in code.

    key: the observation's key, by column.
    action: what happens to the observation.
    value: the right value (`set`), or what to multiply with (`scale`).
    status: the observation status (`flag`).
    expect: the value that the source has today; once it has another, the correction fails and
        must be reviewed.
    reason: why, for readers.
    source: where the right value stands.
    """

    key: dict[str, str]
    action: Literal["drop", "set", "scale", "flag"]
    value: float | None = None
    status: ObsStatus | None = None
    expect: float | None
    reason: LocalizedText
    source: Text


class Chart(Frozen):
    """What the dataset's page draws first.

    indicator: the indicator's code.
    areas: codes of the areas that are drawn.
    where: the code of each dimension that is drawn.
    leads_sector: whether the city's newest figure of this indicator stands for the sector on the
        home page, while the dataset goes on.
    """

    indicator: Code
    areas: tuple[str, ...] = ()
    where: dict[str, str] = {}
    leads_sector: bool = False


class Dataset(Frozen):
    """A declaration, complete.

    sector: the sector, from the name of the file's folder.
    name: the dataset's name, from the name of the file.
    title: what readers see.
    description: what a row is, who collects it, what it is for.
    publisher: an id of publishers.yaml.
    licence: an id of licences.yaml; by default the one that the
        registry has for the publisher.
    owners: who answers for it, as Dagster writes owners: `team:tourism` or an e-mail address.
    contact: the publisher that answers questions, an id of publishers.yaml; by default the one
        of city.yaml.
    keywords: for search.
    frequency: `A` year, `S` half-year, `Q` quarter, `M` month, `W` week, `D` day, `YTD` year to
        date.
    ended: why no further period will come; without it, the dataset goes on and can be late.
    geography: which areas the dataset covers.
    indicators: the figures, by code.
    dimensions: what observations are broken down by, by name.
    sources: the source of each profile.
    inputs: the datasets that it is computed from, by the name that formulas use; instead of a
        source.
    select: a file beside the declaration with one `SELECT` over the inputs, instead of formulas.
    program: what computes it instead of formulas: `target_assessment`, how far the targets of
        `registry/targets.yaml` are reached. The datasets that measure them are inputs without
        being named.
    footnotes: translated notes that observations refer to, by id.
    tolerance: share of rows that may be quarantined before the release is blocked.
    corrections: the source's errors, corrected in the open.
    chart: what the dataset's page draws first.
    method: how the figures are made, for the page.
    notes: what else readers must know, for the page.
    review: `required`: a person approves each release.
    access_rights: who may see it (EU access-right vocabulary).
    """

    sector: Name
    name: Name
    title: LocalizedText
    description: LocalizedText
    publisher: Name
    licence: Code
    owners: tuple[Text, ...] = ("team:open-data",)
    contact: Name | None = None
    keywords: LocalizedList
    frequency: Frequency
    ended: LocalizedText | None = None
    geography: Geography
    indicators: dict[Code, Indicator] = Field(min_length=1)
    dimensions: dict[Name, Dimension] = {}
    sources: dict[Profile, Source] = Field(min_length=1)
    inputs: dict[Name, Input] = {}
    select: Text | None = None
    program: Literal["target_assessment"] | None = None
    footnotes: dict[Name, Footnote] = {}
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.01
    corrections: tuple[Correction, ...] = ()
    chart: Chart | None = None
    method: LocalizedText | None = None
    notes: LocalizedText | None = None
    review: Literal["none", "required"] = "none"
    access_rights: Literal["PUBLIC", "RESTRICTED", "NON_PUBLIC"] = "PUBLIC"

    @field_validator("dimensions")
    @classmethod
    def _no_reserved_name(cls, value: dict[str, Dimension]) -> dict[str, Dimension]:
        reserved = {*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS, *BOUNDS, FOOTNOTES, *PROVENANCE}
        for name in value:
            if name in reserved:
                raise ValueError(f"{name!r} is the name of a column that every dataset has")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Dataset:
        for code, indicator in self.indicators.items():
            totals = indicator.small_cells.totals if indicator.small_cells else {}
            for column in totals:
                if column not in ("ref_area", *self.dimensions):
                    raise ValueError(f"small_cells of {code}: {column!r} has no totals here")
        for name, footnote in self.footnotes.items():
            for column in footnote.applies_to if isinstance(footnote.applies_to, dict) else ():
                if column not in self.key:
                    raise ValueError(f"footnotes.{name}.applies_to: {column!r} is no key column")
        for profile, source in self.sources.items():
            for concept, rule in source.columns.items():
                for mark in rule.marks.values():
                    if mark.footnote and mark.footnote not in self.footnotes:
                        raise ValueError(
                            f"sources.{profile}.columns.{concept}: footnote {mark.footnote!r} is"
                            " not among `footnotes`"
                        )
            bounds = [name for name in BOUNDS if name in source.columns]
            if bounds and not any(item.interval for item in self.indicators.values()):
                raise ValueError(f"{bounds[0]} is mapped, but no indicator has an `interval`")
        if self.chart and self.chart.indicator not in self.indicators:
            raise ValueError(f"chart.indicator {self.chart.indicator!r} is not among indicators")
        return self

    @model_validator(mode="after")
    def _computed_or_not(self) -> Dataset:
        is_computed = any(source.protocol == PROTOCOL for source in self.sources.values())
        if is_computed != bool(self.inputs):
            raise ValueError("a computed dataset has `inputs`, and no other has")
        without = [code for code, item in self.indicators.items() if item.formula is None]
        instead = [each for each in (self.select, self.program) if each]
        if len(instead) + (len(without) < len(self.indicators)) > 1:
            raise ValueError("give formulas, `select` or `program`: one of them")
        if self.inputs and not instead and without:
            raise ValueError(f"indicators.{without[0]} has no `formula`")
        if not self.inputs and (instead or len(without) < len(self.indicators)):
            raise ValueError("formulas, `select` and `program` need `inputs`")
        if wrong := check_reconstructions(self):
            raise ValueError(wrong)
        return self

    @property
    def id(self) -> str:
        """`<sector>/<dataset>`, as people name it."""
        return f"{self.sector}/{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify an observation."""
        return ("indicator", "ref_area", "geo_vintage", *self.dimensions, "time_period")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are validated and released, in order; a release adds PROVENANCE."""
        bounds = BOUNDS if any(item.interval for item in self.indicators.values()) else ()
        footnotes = (FOOTNOTES,) if self.footnotes else ()
        return (*BEFORE_DIMENSIONS, *self.dimensions, *AFTER_DIMENSIONS, *bounds, *footnotes)

    @property
    def observation_columns(self) -> tuple[str, ...]:
        """Every concept of an observation, in order, also what the declaration does not use."""
        return (*BEFORE_DIMENSIONS, *self.dimensions, *AFTER_DIMENSIONS, *BOUNDS, FOOTNOTES)

    @property
    def published_columns(self) -> tuple[str, ...]:
        """The columns that distributions and portals show, in order."""
        return self.columns

    @property
    def projections(self) -> frozenset[str]:
        """The codes of the indicators that are projections or targets."""
        return frozenset(
            code for code, indicator in self.indicators.items() if indicator.kind != "observed"
        )

    def source_for(self, profile: str) -> Source | None:
        """Return the source of a profile, or None when the dataset has none there."""
        return next((value for key, value in self.sources.items() if key == profile), None)
