"""What the sheet of a dataset asks a department for, derived from its declaration and suite."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from expectations.checks.declared import KEY_CHECK, declared_checks
from expectations.checks.stock.common import StockCheck
from expectations.checks.wording import words_of
from expectations.suites.expectation import Expectation
from model.declarations.source import ColumnRule
from model.errors import DeclarationError, OpenIndicatorsError
from model.util.hashing import sha256_json
from model.util.languages import languages
from model.util.text import LocalizedText, did_you_mean
from pipelines.catalogue import Catalogue
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.submissions import VERSION
from portal.names import Names
from portal.vocabulary import STATUSES
from sources.connectors.options.submission import SubmissionOptions
from sources.connectors.registry import options_of

LABEL_MARK = " · "  # between a code and its names
# What cleaning fills in of every row.
_DERIVED = frozenset({"freq", "unit_measure", "geo_vintage"})
_VALUE = ("obs_value",)
_STATUS_GIVEN = "obs_status_not_null"  # without one a figure is a normal one


def both(text: LocalizedText) -> str:
    """Return a text in all languages of the project, on one line."""
    return " / ".join(dict.fromkeys(text.get(language) for language in languages()))


@dataclass(frozen=True)
class Column:
    """A column that is filled in; `codes` are the labels to choose from, by code."""

    concept: str
    title: LocalizedText
    description: LocalizedText
    codes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Form:
    """The sheet of a dataset."""

    bound: BoundDataset

    @cached_property
    def sheet(self) -> str:
        """The name of the sheet."""
        options = options_of(self.bound.source)
        if not isinstance(options, SubmissionOptions):
            raise TypeError(f"{self.bound.dataset.id} takes no submissions")
        return options.sheet

    @cached_property
    def _rules(self) -> dict[str, ColumnRule]:
        return {**options_of(self.bound.source).columns, **self.bound.source.columns}

    @cached_property
    def constants(self) -> dict[str, str]:
        """The columns that have one value in all rows, which nobody fills in."""
        dataset = self.bound.dataset
        vintage = self.bound.registries.codelists[dataset.geography.codelist].vintage
        given = {name: rule.const for name, rule in self._rules.items() if rule.const is not None}
        return {"geo_vintage": vintage, "freq": dataset.frequency, **given}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns to fill in.

        Raises:
            DeclarationError: nothing says where a part of the key comes from.
        """
        dataset = self.bound.dataset
        names = Names(dataset, self.bound.registries)
        found = []
        for concept in dataset.columns:
            rule = self._rules.get(concept)
            if concept in self.constants or (rule is None and concept in _DERIVED):
                continue
            if rule is None and concept not in dataset.key:
                continue
            if rule is None or rule.column != concept:
                raise DeclarationError(
                    f"{concept!r} is not filled in under its own name",
                    where=str(self.bound.declaration.path),
                    todo=f"write `columns: {{{concept}: {concept}}}`, or a `const`",
                )
            words = names.column(concept)
            description = words.description
            if concept == "time_period":
                description = words_of("period")[dataset.frequency]
            found.append(Column(concept, words.title, description, self._labels(concept)))
        return tuple(found)

    def _labels(self, concept: str) -> dict[str, str] | None:
        dataset, registries = self.bound.dataset, self.bound.registries
        if concept == "indicator":
            named = {
                code: f"{both(each.name)} ({both(registries.units[each.unit].name)})"
                for code, each in dataset.indicators.items()
            }
        elif concept == "obs_status":
            named = {code: both(name) for code, name in STATUSES.items()}
        else:
            codelist = self._rules[concept].codelist or (
                dataset.geography.codelist if concept == "ref_area"
                else dataset.dimensions[concept].codelist if concept in dataset.dimensions
                else None
            )
            if codelist is None:
                return None
            entries = registries.codelists[codelist].entries
            named = {entry.code: both(entry.name) for entry in entries}
        return {code: f"{code}{LABEL_MARK}{name}" for code, name in named.items()}

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of each indicator."""
        registries = self.bound.registries
        indicators = self.bound.dataset.indicators
        return {code: both(registries.units[each.unit].name) for code, each in indicators.items()}

    @cached_property
    def keeps_empty(self) -> bool:
        """Whether a row without a value counts, as one whose figure is missing."""
        return self.bound.source.empty == "keep"

    @cached_property
    def reading_checks(self) -> frozenset[str]:
        """The names of the checks that cleaning makes sure of: what fails them cannot be read."""
        declared = declared_checks(self.bound.dataset, self.bound.registries)
        return frozenset(item.name for _, item in declared) - {KEY_CHECK}

    @cached_property
    def expectations(self) -> tuple[Expectation, ...]:
        """What is expected of what is filled in, without what holds by itself."""
        given = {*self.constants, *_DERIVED}
        return tuple(
            item for item in self.bound.suite.expectations
            if not set(concerned(item)) <= given and item.name != _STATUS_GIVEN
        )

    @cached_property
    def sha256(self) -> str:
        """The checksum of all that the sheet asks and checks: of another one it is outdated."""
        return sha256_json([
            VERSION, self.bound.dataset.id, self.sheet, self.constants, self.keeps_empty,
            [[each.concept, each.title.model_dump(), each.codes] for each in self.columns],
            [item.model_dump(mode="json") for item in self.expectations],
        ])


def concerned(item: Expectation) -> tuple[str, ...]:
    """Return the columns that an expectation is about: those of its arguments, or the value."""
    if not isinstance(item.check, StockCheck):
        return _VALUE
    names: list[str] = []
    for key in ("column", "column_A", "column_B", "column_list"):
        found = item.kwargs.get(key, [])
        names += [found] if isinstance(found, str) else found
    return (*names,) or _VALUE


def _takes_submissions(bound: BoundDataset) -> bool:
    """Return whether departments fill in a dataset."""
    return bound.source.protocol == SubmissionOptions.protocol


def forms_of(catalogue: Catalogue, profile: str, wanted: Iterable[str]) -> list[Form]:
    """Return the forms of the datasets of a `profile` that `wanted` names: ids, names or sectors.

    `catalogue` has the declarations.

    Raises:
        OpenIndicatorsError: a name is unknown, or nothing there takes submissions; or two have
            sheets of the same name.
    """
    chosen = [*wanted]
    bound = catalogue.select(profile, chosen)
    forms = [Form(each) for each in bound.values() if _takes_submissions(each)]
    if not forms:
        others = {
            name for name, each in catalogue.bound_datasets(profile).items()
            if _takes_submissions(each)
        }
        raise OpenIndicatorsError(
            f"{' '.join(chosen)} takes no submissions",
            todo=did_you_mean(chosen[0] if chosen else "", others)
            or "declare a source with `protocol: submission`, see docs/submissions.md",
        )
    sheets = [form.sheet for form in forms]
    if twice := {name for name in sheets if sheets.count(name) > 1}:
        raise DeclarationError(
            f"several datasets have a sheet {min(twice)!r}", todo="give them other names (`sheet`)"
        )
    return forms
