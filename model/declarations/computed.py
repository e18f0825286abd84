"""Computed datasets: what a declaration says of them, and whether its formulas fit their inputs.

A computed dataset has `inputs` instead of a source. Checked here, before anything runs: units and
dimensions, the breakdowns that are joined, intervals, and the borders of the areas, which are part
of a figure's type: areas of two vintages never meet in a formula unless a reconstruction is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from model.declarations.formula import (
    FormulaError,
    Node,
    Number,
    Operation,
    Reference,
    parse_formula,
    references,
)
from model.errors import DeclarationError
from model.reference.periods import frequency_of
from model.reference.units import Quantity
from model.util.text import Frozen, Name, Text, did_you_mean

if TYPE_CHECKING:
    from model.declarations.dataset import Dataset, Indicator
    from model.declarations.layers import Layers
    from model.reference.codelist import Codelist
    from model.reference.registries import Registries  # its targets know `Dataset`
    from model.reference.succession import AreaSuccession

PROTOCOL = "computed"  # of the source that a computed dataset has
AREA, PERIOD = "ref_area", "time_period"
# What `program` may name, and the indicators that each computes.
PROGRAMS = {
    "target_assessment": ("verdict", "progress_ratio", "observed_growth", "required_growth"),
}
_PERSONS = "persons"


class Input(Frozen):
    """A dataset whose releases are computed with; its id alone is short for `dataset`.

    dataset: its id, `<sector>/<dataset>`.
    reconstruction: the id of the footnote that names the reconstruction: figures of areas by
        earlier borders are added up to those of the areas that they became, as the project's
        table of successions has it. Without it, both must have the same borders.
    areas: the areas that figures are computed for; all by default. Those that a formula holds with
        `.at` are others.
    """

    dataset: Text
    reconstruction: Name | None = None
    areas: tuple[Text, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"dataset": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class ComputedInterval:
    """What the interval of a computed figure would be: its kind, level, or why there is none."""

    kind: str = ""
    level: float | None = None
    why_none: str = ""


def sources_of(data: Mapping[str, Any], profiles: tuple[str, ...]) -> dict[str, Any]:
    """Return the source of each of the `profiles` that follows from a declaration's `inputs`.

    `data` is the declaration's mapping.
    """
    indicators = data.get("indicators")
    listed = list(indicators.values()) if isinstance(indicators, dict) else []
    bounded = any(isinstance(each, dict) and each.get("interval") for each in listed)
    dimensions = data.get("dimensions")
    names = [
        "indicator", AREA, PERIOD, *(dimensions if isinstance(dimensions, dict) else ()),
        "obs_status", *(["footnotes"] if data.get("footnotes") else []),
        *(["geo_vintage", "obs_note"] if data.get("program") else []),
    ]
    columns: dict[str, Any] = dict.fromkeys(names)
    for name in columns:
        columns[name] = {"column": name}
    numbers = ["obs_value", *(["lower_bound", "upper_bound"] if bounded else [])]
    columns |= {name: {"column": name, "locale": "plain"} for name in numbers}
    source = {"protocol": PROTOCOL, "empty": "keep", "columns": columns}
    return dict.fromkeys(profiles, source)


def check_computed(
    dataset: Dataset, document: Layers, others: Mapping[str, Dataset], registries: Registries
) -> None:
    """Check a computed dataset against the `others` that it names, all datasets by id.

    The errors name the place in its `document`; `registries` have units, areas and successions.

    Raises:
        DeclarationError: an input is unknown, or a formula does not fit what it is computed from.
    """
    inputs: dict[str, Dataset] = {}
    for name, each in dataset.inputs.items():
        where = document.where(("inputs", name))
        if each.dataset not in others or each.dataset == dataset.id:
            raise DeclarationError(
                f"inputs.{name}: no other dataset {each.dataset!r} is declared", where=where,
                todo=did_you_mean(each.dataset, set(others) - {dataset.id})
                or "`openindicators list` shows them all",
            )
        inputs[name] = others[each.dataset]
        if dataset.program:  # keeps borders apart by itself
            continue
        known = registries.codelists[dataset.geography.codelist].codes
        for code in each.areas:
            if code not in known:
                raise DeclarationError(
                    f"inputs.{name}.areas: {code!r} is not in {dataset.geography.codelist}",
                    where=where, todo=did_you_mean(code, set(known)),
                )
        try:
            check_borders(dataset, name, inputs[name], registries)
        except FormulaError as error:
            raise DeclarationError(f"inputs.{name}: {error}", where=where, todo=(
                "take an input with the same borders, or name a `reconstruction`"
            )) from error
    for code, indicator in dataset.indicators.items():
        if dataset.program and code not in PROGRAMS[dataset.program]:
            raise DeclarationError(
                f"indicators.{code}: {dataset.program} does not compute it",
                where=document.where(("indicators", code)),
                todo=did_you_mean(code, set(PROGRAMS[dataset.program])),
            )
        if indicator.formula is not None:
            try:
                Typing(dataset, inputs, registries).check(indicator)
            except FormulaError as error:
                raise DeclarationError(
                    f"indicators.{code}.formula: {error}",
                    where=document.where(("indicators", code, "formula")),
                    todo="`openindicators show` lists the units, dimensions and areas of an input",
                ) from error


def _succession_between(
    old: str, new: str, registries: Registries
) -> AreaSuccession | None:
    """Return what became of the areas of the codelist `old` in `new`; None where it is unknown."""
    found = registries.successions.get(old)
    return found if found and found.new == new else None


def check_borders(
    dataset: Dataset, name: str, other: Dataset, registries: Registries
) -> None:
    """Check that the areas of the input `name`, the dataset `other`, have the dataset's borders.

    `dataset` is the computed one; `registries` have the successions that a reconstruction needs.

    Raises:
        FormulaError: they have others, or a reconstruction is declared that does not exist.
    """
    own, theirs = dataset.geography.codelist, other.geography.codelist
    if dataset.inputs[name].reconstruction is not None:
        if _succession_between(theirs, own, registries) is None:
            raise FormulaError(
                f"no reconstruction leads from {theirs} to {own}: what became of its areas is not"
                " known"
            )
    elif own != theirs:
        vintages = [registries.codelists[each].vintage for each in (theirs, own)]
        raise FormulaError(
            f"its areas are those of {theirs} ({vintages[0]}), the dataset's those of {own}"
            f" ({vintages[1]}): the same code is another place"
        )


@dataclass(frozen=True)
class Typing:
    """The types of a computed dataset's figures, from those of its inputs, by their names."""

    dataset: Dataset
    inputs: Mapping[str, Dataset]
    registries: Registries

    def check(self, indicator: Indicator) -> None:
        """Check that an indicator's formula gives figures of its unit, with the dataset's key.

        Raises:
            FormulaError: why it does not.
        """
        node = parse_formula(indicator.formula or "")
        found = list(references(node))
        for each in found:
            self._check_reference(each)
        free = set().union(*(self.free_columns(each) for each in found))
        for column in (AREA, PERIOD, *self.dataset.dimensions):
            if column not in free:
                raise FormulaError(f"every part is held at one {column}: of which is the result?")
        quantity = self.quantity(node)
        unit = self.registries.units[indicator.unit]
        bases = {base for each in found for base, _ in self._of(each).powers}
        if not quantity.fits(unit) or (unit.of_counts and _PERSONS not in bases):
            raise FormulaError(f"gives {quantity}, which is not {indicator.unit}"
                               f" ({unit.quantity or 'nothing is computed in it'})")
        bounds = self.bounds(node)
        if indicator.interval and (bounds.kind, bounds.level) != (
            indicator.interval.kind, indicator.interval.level
        ):
            raise FormulaError(
                "the declared interval does not follow from the inputs: "
                + (bounds.why_none or f"theirs is {bounds.kind} {bounds.level or ''}".strip())
            )

    def indicator(self, reference: Reference) -> Indicator:
        """Return the indicator of an input that a reference names.

        Raises:
            FormulaError: there is no such input or indicator; the nearest is given.
        """
        if reference.input not in self.inputs:
            raise FormulaError(f"no input is named {reference.input!r}; "
                               f"{did_you_mean(reference.input, set(self.inputs))}")
        known = self.inputs[reference.input].indicators
        if reference.indicator not in known:
            raise FormulaError(
                f"{self.inputs[reference.input].id} has no indicator {reference.indicator!r}; "
                f"{did_you_mean(reference.indicator, set(known))}"
            )
        return known[reference.indicator]

    def free_columns(self, reference: Reference) -> tuple[str, ...]:
        """Return the key columns, besides indicator and borders, that a reference leaves open."""
        fixed = {column for column, _ in reference.at}
        columns = (AREA, PERIOD, *self.inputs[reference.input].dimensions)
        return tuple(column for column in columns if column not in fixed)

    def _check_reference(self, reference: Reference) -> None:
        meaning, other = self.indicator(reference), self.inputs[reference.input]
        declared = self.dataset.inputs[reference.input]
        if (declared.reconstruction or reference.adds) and not self.adds_up(reference):
            raise FormulaError(
                f"`{reference}` adds up figures in {meaning.unit}"
                + ("" if meaning.additive is None else " that are declared not to be additive")
                + ": shares, rates, indices and averages have no sum"
            )
        if reference.within and declared.reconstruction:
            raise FormulaError(f"`{reference}`: a reconstruction is a sum of areas already")
        areas = self.registries.codelists[self.dataset.geography.codelist].entries
        if reference.within and not any(area.parent for area in areas):
            raise FormulaError(f"`{reference}`: the list of areas does not say what lies in what")
        for column, codes in reference.at:
            self._check_codes(reference, column, codes)
        if reference.shift and PERIOD in dict(reference.at):
            raise FormulaError(f"`{reference}` holds the period and shifts it")
        for column in self.free_columns(reference):
            if column in (AREA, PERIOD):
                continue
            own = self.dataset.dimensions.get(column)
            if own is None or own.codelist != other.dimensions[column].codelist:
                raise FormulaError(
                    f"`{reference}` is broken down by {column}, the dataset is not: hold it at a"
                    f' code, `.at({column}="…")`, or declare the dimension with the same codelist'
                )
        if PERIOD in self.free_columns(reference) and other.frequency != self.dataset.frequency:
            raise FormulaError(
                f"`{reference}` has the frequency {other.frequency}, the dataset"
                f" {self.dataset.frequency}"
            )

    def _check_codes(self, reference: Reference, column: str, codes: tuple[str, ...]) -> None:
        other = self.inputs[reference.input]
        if column == PERIOD:
            if len(codes) > 1 or frequency_of(codes[0]) is None:
                raise FormulaError(f"`{reference}`: {'+'.join(codes)!r} is not one ISO period")
            return
        if column != AREA and column not in other.dimensions:
            raise FormulaError(
                f"`{reference}`: {other.id} has no dimension {column!r}; "
                f"{did_you_mean(column, {AREA, PERIOD, *other.dimensions})}"
            )
        name = (
            self.dataset.geography.codelist if column == AREA
            else other.dimensions[column].codelist
        )
        known: Codelist | None = self.registries.codelists[name] if name else None
        for code in codes:
            if known and code not in known.codes:
                raise FormulaError(
                    f"`{reference}`: {code!r} is not in {name}; "
                    f"{did_you_mean(code, set(known.codes))}"
                )

    def _of(self, reference: Reference) -> Quantity:
        unit = self.registries.units[self.indicator(reference).unit]
        if unit.quantity is None:
            raise FormulaError(f"`{reference}` is in {unit.id}, with which nothing is computed")
        return unit.quantity

    def adds_up(self, reference: Reference) -> bool:
        """Return whether the figures of an indicator can be added up."""
        meaning = self.indicator(reference)
        quantity = self.registries.units[meaning.unit].quantity
        return quantity is not None and quantity.additive and meaning.additive is not False

    def quantity(self, node: Node) -> Quantity:
        """Return what a formula gives.

        Raises:
            FormulaError: it adds up what does not add up.
        """
        match node:
            case Number():
                return Quantity(())
            case Reference():
                found = self._of(node)
                return Quantity(found.powers, additive=self.adds_up(node))
            case Operation("*" | "/" as sign, left, right):
                one, other = self.quantity(left), self.quantity(right)
                found = one.times(other, 1 if sign == "*" else -1)
                # A number of times an amount is one; two amounts multiplied or divided are not.
                is_amount = one.additive if not other.powers else (
                    found.additive and one.additive != other.additive and sign == "*"
                )
                if sign == "*" and not one.powers:
                    is_amount = other.additive
                return Quantity(found.powers, additive=is_amount)
            case Operation(sign, left, right):
                return self._sum(sign, left, right)
        raise AssertionError(node)

    def _sum(self, sign: str, left: Node, right: Node) -> Quantity:
        one, other = self.quantity(left), self.quantity(right)
        if one.powers != other.powers:
            raise FormulaError(f"{one} {sign} {other}: these are different units")
        if isinstance(left, Number) or isinstance(right, Number):
            return Quantity(one.powers)  # a growth rate is a ratio less 1
        if not (one.additive and other.additive):
            raise FormulaError(
                f"{one} {sign} {other}: shares, rates, indices and averages are not added up"
            )
        return one

    def bounds(self, node: Node) -> ComputedInterval:
        """Return the interval of what a formula gives.

        The bounds of one figure carry over to what is computed from it alone. Of several figures
        with a level of probability the joint distribution is unknown: interval arithmetic would
        give an interval of another level. For ranges, which have none, it is sound.
        """
        bounded = [each for each in references(node) if self.indicator(each).interval]
        kinds = {(i.kind, i.level) for each in bounded if (i := self.indicator(each).interval)}
        if not bounded:
            return ComputedInterval(why_none="no input has an interval")
        if len(kinds) > 1:
            return ComputedInterval(why_none="the inputs have intervals of different kinds")
        kind, level = kinds.pop()
        adds = any(
            each.adds or self.dataset.inputs[each.input].reconstruction for each in bounded
        )
        if kind != "range" and (len(bounded) > 1 or adds):
            return ComputedInterval(
                why_none=f"several figures with a {kind} interval have no joint one"
            )
        return ComputedInterval(kind, level)


def scale_of(node: Reference, typing: Typing) -> Fraction:
    """Return the factor that brings the figures of a reference (`node`) to base quantities.

    `typing` knows the inputs and their units.
    """
    unit = typing.registries.units[typing.indicator(node).unit]
    return unit.quantity.factor if unit.quantity else Fraction(1)


def check_reconstructions(dataset: Dataset) -> str:
    """Return what is wrong with how a dataset names its reconstructions; "" where nothing is."""
    for name, each in dataset.inputs.items():
        if each.reconstruction and each.reconstruction not in dataset.footnotes:
            return (
                f"inputs.{name}: reconstruction {each.reconstruction!r} is not among `footnotes`:"
                " readers must be told what was added up"
            )
    return ""

