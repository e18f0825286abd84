"""Targets that official documents set, those documents, and the indicators of each sector.

`registry/targets.yaml` and `registry/sector_indicators.yaml` declare them. A target's own figure
stands there and nowhere else; the figure that it is compared with is read from a release. An
indicator without a dataset has no data yet: it waits for the agency that can supply them.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from model.declarations.dataset import Dataset
from model.declarations.validation import parse_as
from model.declarations.yaml_file import KeyPath, YamlFile
from model.errors import DeclarationError
from model.reference.codelist import Codelist
from model.reference.periods import Frequency
from model.reference.reconciliation import ReleasedFigure
from model.util.languages import languages
from model.util.text import Frozen, LocalizedText, Name, Text, did_you_mean

TARGETS, INDICATORS = "targets.yaml", "sector_indicators.yaml"
Operator = Literal[">=", ">", "<=", "<", "="]
# Whether the figure that the document sets could be read; one that could not is never guessed.
Status = Literal["confirmed", "not_loaded"]


def _reduced_date(text: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
        raise ValueError("is no date; write e.g. 2021-06-17, or 2022-04 where the day is not known")
    return text


class TargetDocument(Frozen):
    """An official document that sets targets.

    name: how it is cited in a few words, e.g. `Nghị quyết 05-NQ/TU`.
    number: its number, e.g. `05-NQ/TU`; none where no source gives it.
    issuer: who issued it.
    title: its title.
    issued: its day; only the month or the year where no source gives more.
    valid_from: from when its targets hold: the day of issue, else the first day it was known.
    url: where it was read.
    read: whether its own text was read there, or what the press or another page quotes of it.
    note: what readers must know about it.
    """

    id: Name
    name: LocalizedText
    number: Text | None = None
    issuer: LocalizedText
    title: LocalizedText
    issued: Annotated[str, AfterValidator(_reduced_date)]
    valid_from: date
    url: HttpUrl
    read: Literal["document", "press"] = "press"
    note: LocalizedText | None = None

    @property
    def year(self) -> int:
        """The year in which it was issued."""
        return int(self.issued[:4])


class TargetArea(Frozen):
    """The area that a target is about, by its borders.

    codelist: the list of the code; its vintage says which borders.
    code: the area's code in it.
    """

    codelist: Name
    code: Text


class SectorIndicator(Frozen):
    """An indicator of a sector, by the template of Viet Nam's statistical indicator system.

    What a dataset has is taken from its declaration; without one, all fields of the template are
    given here.

    sector: an id of sectors.yaml; none for those of the whole city.
    measured_by: the figure that measures it; none while there are no data.
    name: what readers see.
    definition: concept and method of calculation.
    unit: an id of units.yaml.
    breakdown: what it is broken down by.
    frequency: the publication period.
    source: what the figures come from.
    agency: who is responsible for supplying them.
    code: that of the same or the nearest international indicator.
    """

    id: Name
    sector: Name | None = None
    measured_by: ReleasedFigure | None = None
    name: LocalizedText | None = None
    definition: LocalizedText | None = None
    unit: Name | None = None
    breakdown: LocalizedText | None = None
    frequency: Frequency | None = None
    source: LocalizedText | None = None
    agency: LocalizedText | None = None
    code: Text | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        template = ("name", "definition", "unit", "breakdown", "frequency", "source", "agency")
        missing = [field for field in template if getattr(self, field) is None]
        if self.measured_by is None and missing:
            raise ValueError(f"without `measured_by`, give also: {', '.join(missing)}")
        return self


class Target(Frozen):
    """A value that an official document sets for a year.

    title: what is to be reached, in a few words.
    statement: the target as the document words it, or as its source quotes it.
    worded_in: the language of that source; the statement in others is a translation.
    document: an id of `documents`.
    article: where in the document it stands; none where this could not be read.
    sector: an id of sectors.yaml; none for a target of the whole city.
    indicator: an id of sector_indicators.yaml: what measures it.
    area: the area, by its borders.
    year: the year for which it is set.
    operator: how a figure compares with the value that meets it.
    value: the value, in `unit`; none where it is not loaded.
    unit: an id of units.yaml.
    status: whether the value could be read.
    valid_from: from when it holds, if not as its document.
    valid_to: the first day on which it no longer holds.
    replaced_by: the target that took its place.
    baseline: the year that progress is measured from; by default the document's year, or the year
        before the target's if that is earlier.
    url: where it was read, if not where its document was.
    caveat: what readers must know about it.
    """

    id: Name
    title: LocalizedText
    statement: LocalizedText | None = None
    worded_in: Text = "vi"
    document: Name
    article: LocalizedText | None = None
    sector: Name | None = None
    indicator: Name | None = None
    area: TargetArea
    year: Annotated[int, Field(ge=1990, le=2100)]
    operator: Operator = ">="
    value: float | None = None
    unit: Name | None = None
    status: Status = "confirmed"
    valid_from: date | None = None
    valid_to: date | None = None
    replaced_by: Name | None = None
    baseline: int | None = None
    url: HttpUrl | None = None
    caveat: LocalizedText | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        loaded = [self.value is not None, self.unit is not None, self.statement is not None]
        if self.status == "confirmed" and not all(loaded):
            raise ValueError("a confirmed target has a `statement`, a `value` and a `unit`")
        if self.status == "not_loaded" and self.value is not None:
            raise ValueError("a target that is not loaded has no `value`")
        if self.replaced_by and not self.valid_to:
            raise ValueError("one that was replaced has a `valid_to`")
        return self


class TargetRegistry(Frozen):
    """All targets, with their documents and the indicators of the sectors, each by its id."""

    documents: dict[str, TargetDocument] = {}
    targets: dict[str, Target] = {}
    indicators: dict[str, SectorIndicator] = {}

    def in_force(self, day: date) -> list[Target]:
        """Return the targets that hold on a `day`, in their order."""
        return [
            target for target in self.targets.values()
            if self.valid_from(target) <= day
            and (target.valid_to is None or day < target.valid_to)
        ]

    def valid_from(self, target: Target) -> date:
        """Return from when a `target` holds."""
        return target.valid_from or self.documents[target.document].valid_from

    def measured_by(self, target: Target) -> ReleasedFigure | None:
        """Return what measures a `target`; None while nothing does."""
        indicator = self.indicators.get(target.indicator or "")
        return indicator.measured_by if indicator else None

    @property
    def measuring(self) -> tuple[str, ...]:
        """The datasets that measure a target, by id."""
        found = {each.dataset for target in self.targets.values()
                 if (each := self.measured_by(target))}
        return tuple(sorted(found))

    def of_figure(self, dataset: str, indicator: str | None = None) -> list[Target]:
        """Return the targets that a `dataset` measures, by one `indicator` of it or any."""
        return [
            target for measured, target in self._measured.get(dataset, ())
            if indicator in (None, measured)
        ]

    @cached_property
    def _measured(self) -> dict[str, list[tuple[str, Target]]]:
        """The targets that are measured, each with its indicator, by dataset."""
        found: dict[str, list[tuple[str, Target]]] = {}
        for target in self.targets.values():
            if figure := self.measured_by(target):
                found.setdefault(figure.dataset, []).append((figure.indicator, target))
        return found

    def measured_in(self, datasets: Iterable[str]) -> bool:
        """Return whether any of the `datasets` measures a target."""
        return any(self.of_figure(dataset) for dataset in datasets)

    def amended(self, target: Target) -> list[Target]:
        """Return the line of targets that a `target` belongs to by replacement, oldest first."""
        line = [target]
        while line[-1].replaced_by:
            line.append(self.targets[line[-1].replaced_by])
        replaced = {each.replaced_by: each for each in self.targets.values() if each.replaced_by}
        while line[0].id in replaced:
            line.insert(0, replaced[line[0].id])
        return line


def load_targets(
    folder: Path | None, sectors: Mapping[str, object], units: Mapping[str, object],
    codelists: Mapping[str, Codelist],
) -> TargetRegistry:
    """Load the targets and sector indicators of the registry in `folder`; none without files.

    `sectors`, `units` and `codelists` are what they may name.

    Raises:
        DeclarationError: names file and line of what is wrong.
    """
    paths = [folder / name for name in (TARGETS, INDICATORS)] if folder else []
    files = [YamlFile.read(path) if path.is_file() else None for path in paths] or [None, None]
    targets_file, indicators_file = files
    found: dict[str, dict[str, Frozen]] = {"documents": {}, "targets": {}, "indicators": {}}
    parts: list[tuple[YamlFile | None, str, type[Frozen], tuple[str, ...]]] = [
        (targets_file, "documents", TargetDocument, ("documents",)),
        (targets_file, "targets", Target, ("targets",)),
        (indicators_file, "indicators", SectorIndicator, ()),
    ]
    for file, part, kind, at in parts:
        if file is None:
            continue
        entries = file.mapping()
        for key in at:
            entries = entries.get(key) or {}
        for name, value in entries.items():
            found[part][name] = parse_as(
                kind, {"id": name, **value}, file, (*at, name), languages()
            )
    registry = TargetRegistry.model_validate(found)
    known: dict[str, Iterable[str]] = {
        "document": registry.documents, "indicator": registry.indicators, "sector": sectors,
        "unit": units, "replaced_by": registry.targets,
    }
    for file, part, _, at in parts:
        for name, entry in found[part].items():
            for field, names in known.items():
                value = getattr(entry, field, None)
                if value is not None and value not in names:
                    raise _unknown(file, (*at, name, field), value, names)
    for target in registry.targets.values():
        codes = codelists[target.area.codelist].codes if target.area.codelist in codelists else {}
        at = ("targets", target.id)
        if target.area.code not in codes:
            raise _unknown(targets_file, (*at, "area"), target.area.code, codes)
        after = registry.targets.get(target.replaced_by or "")
        starts = registry.valid_from(after) if after else None
        if target.valid_to and (
            target.valid_to <= registry.valid_from(target)
            or (starts is not None and starts < target.valid_to)
        ):
            raise DeclarationError(
                "it ends before it begins, or after what replaces it has begun",
                where=targets_file.where((*at, "valid_to")) if targets_file else "",
                todo="give the day from which the other one holds",
            )
    return registry


def measurement_errors(
    registry: TargetRegistry, folder: Path, datasets: Mapping[str, Dataset],
    codelists: Mapping[str, Codelist],
) -> list[DeclarationError]:
    """Return an error for each indicator of the `registry` in `folder` that measures nothing.

    It names a dataset, indicator or dimension that `datasets` do not declare, or its unit is not
    the target's; or a target's area has borders (of `codelists`) that its dataset never has.
    """
    errors: list[DeclarationError] = []

    def add(name: str, at: KeyPath, what: str, todo: str) -> None:
        where = YamlFile.read(folder / name).where(at)
        errors.append(DeclarationError(what, where=where, todo=todo))

    for each in registry.indicators.values():
        figure, at = each.measured_by, (each.id, "measured_by")
        if figure is None:
            continue
        dataset = datasets.get(figure.dataset)
        if dataset is None:
            add(INDICATORS, at, f"no dataset {figure.dataset!r} is declared",
                did_you_mean(figure.dataset, set(datasets)))
        elif figure.indicator not in dataset.indicators:
            add(INDICATORS, at, f"{figure.dataset} has no indicator {figure.indicator!r}",
                did_you_mean(figure.indicator, set(dataset.indicators)))
        elif unknown := set(figure.where) - set(dataset.dimensions):
            add(INDICATORS, at, f"{figure.dataset} has no dimension {min(unknown)!r}",
                did_you_mean(min(unknown), set(dataset.dimensions)))
    for target in registry.targets.values():
        measured = registry.measured_by(target)
        dataset = datasets.get(measured.dataset) if measured else None
        if not (measured and dataset and measured.indicator in dataset.indicators):
            continue
        unit = dataset.indicators[measured.indicator].unit
        if target.unit and unit != target.unit:
            add(TARGETS, ("targets", target.id, "unit"),
                f"its indicator is in {unit!r}, the target in {target.unit!r}",
                "write the value in the indicator's unit, or name another indicator")
        lists = [codelists[dataset.geography.codelist].vintage, *dataset.geography.vintages]
        if codelists[target.area.codelist].vintage not in lists:
            add(TARGETS, ("targets", target.id, "area"),
                f"{dataset.id} has no figures within the borders of {target.area.codelist}",
                "name an indicator of the same borders")
    return errors


def _unknown(
    file: YamlFile | None, at: KeyPath, value: str, names: Iterable[str]
) -> DeclarationError:
    return DeclarationError(
        f"{at[-1]} {value!r} is not known", where=file.where(at) if file else "",
        todo=did_you_mean(value, set(names)),
    )
