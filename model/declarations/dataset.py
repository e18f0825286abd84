"""A dataset's declaration: what it is, where it comes from, how its columns are read.

One YAML file, `assets/<sector>/<dataset>.yaml`. Nothing else names a dataset.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, FiniteFloat, field_validator, model_validator

from model.reference.periods import Frequency
from model.util.text import Bilingual, BilingualList, Code, Frozen, Name, Text

PROFILES = ("sample", "corpus", "live")
Profile = Literal["sample", "corpus", "live"]

# The observation as this project stores it: SDMX concepts, in this order. The dataset's own
# dimensions stand between `geo_vintage` and `freq`.
BEFORE_DIMENSIONS = ("indicator", "ref_area", "geo_vintage")
AFTER_DIMENSIONS = ("freq", "time_period", "obs_value", "unit_measure", "obs_status", "obs_note")
# Cleaning fills them always; they are released where the declaration gives them a meaning.
BOUNDS, FOOTNOTES = ("lower_bound", "upper_bound"), "footnotes"
PROVENANCE = ("source_part", "source_row", "source_column")  # in releases, never published

# SDMX CL_OBS_STATUS 2.2: A normal, B time series break, E estimated, F forecast, I imputed,
# O missing, P provisional, U low reliability, N not significant, Q suppressed.
ObsStatus = Literal["A", "B", "E", "F", "I", "N", "O", "P", "Q", "U"]

# Marks that mean "no value" in the sources of this field, and the SDMX status they stand for.
DEFAULT_MISSING = ("", "..", "...", "…", "-", "n/a", "N/A", "NA", "null", ":")


class SmallCells(Frozen):
    """Counts of people so small that they could tell who is meant.

    `stop`: such a figure stops the release. `suppress`: it is withheld (status Q), and as many
    others with it as are needed so that no published total gives it away.
    """

    threshold: Annotated[int, Field(ge=2)] = 10  # counts from 1 to below it are small
    action: Literal["stop", "suppress"] = "stop"
    totals: dict[Name, Text] = {}  # column -> the code that stands for the sum of its others
    also_in: tuple[Text, ...] = ()  # datasets that have the same indicator: withheld there too?


class Interval(Frozen):
    """What the bounds of an indicator's figures are.

    `confidence`: of a sample's estimate; `credible`: of a model's (Bayesian); `range`: the lowest
    and the highest of several figures, without a level.
    """

    kind: Literal["confidence", "credible", "range"]
    level: Annotated[float, Field(gt=0, lt=100)] | None = None  # percent

    @model_validator(mode="after")
    def _level_of_a_probability(self) -> Interval:
        if (self.level is None) != (self.kind == "range"):
            raise ValueError("`level` (percent, e.g. 95) belongs to confidence and credible, only")
        return self


class Footnote(Bilingual):
    """A translated note that observations refer to by its id.

    It applies to the whole dataset, to series (column -> values), or else to the cells whose
    column rule `footnotes` or whose mark names it.
    """

    applies_to: Literal["dataset"] | dict[str, tuple[str, ...]] | None = None


class Indicator(Frozen):
    """A figure that is observed: what it counts, in which unit, within which bounds."""

    name: Bilingual
    definition: Bilingual | None = None
    unit: Name
    decimals: Annotated[int, Field(ge=0, le=9)] = 2
    minimum: float | None = None
    maximum: float | None = None
    interval: Interval | None = None  # what `lower_bound` and `upper_bound` are
    small_cells: SmallCells | None = None  # where it counts people


class Dimension(Frozen):
    """What an observation is broken down by, besides indicator, area and period."""

    name: Bilingual
    codelist: Name | None = None  # without one, text is its own code


class Geography(Frozen):
    """Which areas the dataset speaks of; the codelist carries the vintage of its codes."""

    codelist: Name
    coverage: Bilingual
    vintages: tuple[Text, ...] = ()  # of the borders, besides the codelist's own
    uri: Text | None = None  # GeoNames or EU place vocabulary, for DCAT spatial


class FlagRule(Frozen):
    """What a mark on a value or a label means: a status, a note, a footnote's id, or nothing."""

    status: ObsStatus | None = None
    note: Text | None = None
    footnote: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"status": value} if isinstance(value, str) else value


class ScaleBy(Frozen):
    """A scale that another column names: "Billions" is 1000000000."""

    column: Text
    map: dict[str, FiniteFloat] = Field(min_length=1)


class ColumnRule(Frozen):
    """Where a concept's values come from in the table that the reader gives.

    Exactly one of `column` and `const`. `map` turns source labels into codes; `codelist` finds
    the code for a code or a name; `format` is for time periods; `locale`, `missing`, `scale`
    and the other scales are for numbers. `marks` are taken off the text before anything else.
    `within`, `named` and `successor` are for areas: the code of what they must lie in; the name
    that a code must have; and, where `codelist` is of an earlier vintage, what becomes of them.
    """

    column: Text | None = None
    const: Text | None = None
    map: dict[str, str] = {}
    codelist: Name | None = None
    format: Text = "auto"
    locale: Literal["en", "vi", "plain"] | None = None
    missing: tuple[str, ...] = DEFAULT_MISSING
    scale: FiniteFloat = 1
    scale_by: ScaleBy | None = None
    scale_words: dict[str, FiniteFloat] = {}  # words behind a number
    marks: dict[str, FlagRule] = {}
    within: Code | None = None
    named: Text | None = None  # the column that names what `column` has the code of
    successor: Literal["same", "sum"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnRule:
        if (self.column is None) == (self.const is None):
            raise ValueError("give either `column` or `const`, not both or neither")
        for mark in (*self.marks, *self.scale_words):
            if not re.search(r"[^\d\s.,+-]", mark):
                raise ValueError(f"{mark!r} cannot be told from the digits and signs of a number")
        return self


class Unpivot(Frozen):
    """Wide to long: the columns that match become rows of (`names_to`, `values_to`).

    The named groups of `matching` become columns; or `separator` splits a name into as many
    texts as `names_to` has columns.
    """

    columns: tuple[Text, ...] | None = None
    matching: Text | None = None  # a regular expression on the whole column name
    names_to: Name | Annotated[tuple[Name, ...], Field(min_length=1)] = "name"
    separator: Text | None = None
    values_to: Name = "value"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a name becomes."""
        groups = tuple(re.compile(self.matching or "").groupindex)
        return groups or ((self.names_to,) if isinstance(self.names_to, str) else self.names_to)

    @model_validator(mode="after")
    def _consistent(self) -> Unpivot:
        if (self.columns is None) == (self.matching is None):
            raise ValueError("give either `columns` or `matching`, not both or neither")
        if self.matching is not None:
            try:
                groups = dict(re.compile(self.matching).groupindex)
            except re.error as error:
                raise ValueError(f"`matching` is no regular expression: {error}") from error
            if groups and self.model_fields_set & {"names_to", "separator"}:
                raise ValueError("the groups of `matching` name the columns: leave out `names_to`")
        if not isinstance(self.names_to, str) != (self.separator is not None):
            raise ValueError("several `names_to` need a `separator`, and only they")
        return self


class Allow(Frozen):
    """Which changes of a source's shape pass with a warning instead of stopping the dataset."""

    new_columns: bool = True
    new_codes: tuple[Name, ...] = ()  # concepts; rows with an unknown code are held back


class Source(Frozen):
    """Where a dataset's bytes come from and how its columns map onto the observation.

    `protocol` names a module of `sources/`; `options` are that protocol's own and are checked
    by it. `columns` overrides the protocol's own mapping, concept by concept.
    """

    protocol: Name
    options: dict[str, Any] = {}
    unpivot: Unpivot | None = None
    sql: Text | None = None  # file beside the declaration: SELECT ... FROM raw
    where: dict[str, tuple[str, ...]] = {}  # keep the rows whose column has one of the values
    columns: dict[str, ColumnRule] = {}
    empty: Literal["drop", "keep"] = "drop"  # rows without a value: drop, or keep as status O
    allow: Allow = Allow()
    checked: date | None = None  # when a person found that a changed source is read rightly


class Correction(Frozen):
    """A source's error, corrected in the open (the OWID habit): never in code.

    `expect` is the value that the source has today: once the source says something else, the
    correction fails and must be looked at again.
    """

    key: dict[str, str]
    action: Literal["drop", "set", "scale", "flag"]
    value: float | None = None
    status: ObsStatus | None = None
    expect: float | None
    reason: Bilingual
    source: Text


class Chart(Frozen):
    """What the dataset's page draws first."""

    indicator: Code
    areas: tuple[str, ...] = ()
    where: dict[str, str] = {}


class Dataset(Frozen):
    """A declaration, complete."""

    sector: Name
    name: Name
    title: Bilingual
    description: Bilingual
    publisher: Name
    licence: Code
    owners: tuple[Text, ...] = ("team:open-data",)
    contact: Name = "da_nang_dst"
    keywords: BilingualList
    frequency: Frequency
    ended: Bilingual | None = None  # why no further period will come; None: it goes on
    geography: Geography
    indicators: dict[Code, Indicator] = Field(min_length=1)
    dimensions: dict[Name, Dimension] = {}
    sources: dict[Profile, Source] = Field(min_length=1)
    footnotes: dict[Name, Footnote] = {}
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.01
    corrections: tuple[Correction, ...] = ()
    chart: Chart | None = None
    method: Bilingual | None = None
    notes: Bilingual | None = None
    review: Literal["none", "required"] = "none"
    access_rights: Literal["PUBLIC", "RESTRICTED", "NON_PUBLIC"] = "PUBLIC"

    @field_validator("sources", mode="before")
    @classmethod
    def _same_as(cls, value: Any) -> Any:
        """`sample: live` means the same source as `live`."""
        if not isinstance(value, dict):
            return value
        resolved = {}
        for profile, source in value.items():
            same = value.get(source) if isinstance(source, str) else source
            if isinstance(source, str) and not isinstance(same, dict):
                raise ValueError(f"{profile} is to be the same as {source!r}, which is none")
            resolved[profile] = same
        return resolved

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

    def source_for(self, profile: str) -> Source | None:
        """Return the source of a profile, or None when the dataset has no part in it."""
        return next((value for key, value in self.sources.items() if key == profile), None)
