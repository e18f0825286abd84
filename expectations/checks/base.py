"""What a check is: typed arguments, SQL, words in both languages, and where it applies.

Belongs here: the base classes. A check itself is one class in a module of a folder beside this
one, and nothing else names it: `expectations.checks.registry` finds it. Easily got wrong: the
fields of a class are the arguments of the check, and all that else describes it is a class
variable.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from expectations.checks.prefilter import MayFind
from expectations.checks.spreadsheet import SheetRow
from expectations.checks.sql import columns
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.records.validation import QualityDimension, Severity
from model.reference.registries import Registries
from model.util.text import LocalizedText, did_you_mean, localized

Level = Literal["row", "table"]
FREQUENCIES = ("A", "S", "Q", "M", "W", "D", "YTD")
PREVIOUS_RELEASE = "previous_release"
EARLIER_RELEASES = "earlier_releases"  # all of them, together
UNEXPECTED_ROWS = "unexpected_rows_expectation"

Arguments = dict[str, Any]  # of a check, by name

# YAML reads a year as a number.
Period = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema({"type": ["string", "integer"]}),
]


@dataclass(frozen=True)
class Implied:
    """A check that a dataset has without a line in its suite.

    Its title is its `text`, or that of its class, with the `words` in their places; without either,
    that which the class makes.
    """

    name: str
    severity: Severity
    arguments: Mapping[str, Any] = field(default_factory=dict)
    text: LocalizedText | None = None
    words: tuple[tuple[str, LocalizedText], ...] = ()
    acceptable: bool = True


@dataclass(frozen=True)
class ArgumentProblem:
    """What is wrong with an argument, where among the arguments, and the advice."""

    at: tuple[str | int, ...]
    what: str
    todo: str = ""


class Check(BaseModel):
    """A check; its fields are its arguments.

    Class variables:
        type: the name in a suite.
        vi, en: what it demands, a sentence without its full stop; `{…}` is filled by `words`.
        text: both of these.
        level: "row" finds rows of the table (with `_id`), which are quarantined where the check is
            critical; "table" finds anything else, which blocks the release.
        severity: unless the suite gives another.
        dimension: the quality dimension that it measures.
        frequencies: the datasets that it applies to.
        automatic: the name under which every such dataset has it; None: only by a suite.
        protects_persons: a suite can make it stricter, but not replace it.
        acceptable: whether a person may accept a row that breaks it.
        within_series: whether it looks at one series at a time, whatever the others are like.
        finds_when: what the table must be like for the query to find anything; see `may_find`.
    """

    # A command builds the validators of the checks that it meets, not of all.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    type: ClassVar[str]
    vi: ClassVar[str]
    en: ClassVar[str]
    text: ClassVar[LocalizedText]
    level: ClassVar[Level] = "row"
    severity: ClassVar[Severity] = "critical"
    dimension: ClassVar[QualityDimension] = "consistency"
    frequencies: ClassVar[tuple[str, ...]] = FREQUENCIES
    automatic: ClassVar[str | None] = None
    protects_persons: ClassVar[bool] = False
    acceptable: ClassVar[bool] = True
    within_series: ClassVar[bool] = False
    finds_when: ClassVar[MayFind | None] = None
    from_declaration: ClassVar[tuple[str, ...]] = ()  # arguments that no suite gives

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Make `text` of the two languages."""
        if "vi" in vars(cls):
            cls.text = LocalizedText(vi=cls.vi, en=cls.en)

    @classmethod
    def implied(cls, dataset: Dataset, registries: Registries) -> Iterable[Implied]:
        """Return the checks of this class that a dataset has by itself; `registries` as in `of`."""
        given = cls.automatic_arguments(dataset, registries)
        return [] if given is None else [Implied(str(cls.automatic), cls.severity, given)]

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments | None:
        """Return the arguments of the automatic check; None where the dataset does not have it.

        `registries` has the dataset's codelists and groups of areas.
        """
        return {}

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> Arguments:
        """Return the arguments that follow from dataset and registries; a suite's come first."""
        return {}

    @classmethod
    def of(cls, given: Mapping[str, Any], dataset: Dataset, registries: Registries) -> Self:
        """Return the check with the arguments that a suite has `given`, completed by `declared`.

        The `dataset` is the declaration, the `registries` have the codelists and areas that it
        names.

        Raises:
            pydantic.ValidationError: an argument is missing, unknown or of the wrong type.
        """
        return cls.model_validate({**cls.declared(dataset, registries), **given})

    def query(self) -> str | None:
        """Return the SELECT that finds what breaks the check, over `{batch}`.

        Columns `observed`, `expected`, `factor` and `reference` say what was found, by how much
        and against what. None: the check is computed from Great Expectations' own metrics.
        """
        return None

    def formula(self, row: SheetRow) -> str | None:
        """Return the spreadsheet formula that is TRUE in a `row` which breaks the check.

        It finds the rows that the query finds, where every column of the dataset that it is about
        stands in the sheet. None: a spreadsheet cannot say.
        """
        return None

    def may_find(self) -> MayFind | None:
        """Return what the table must be like for the query to find anything; None: anything."""
        return self.finds_when

    def relations(self) -> frozenset[str]:
        """Return the relations, besides the table, without which it is not evaluated.

        Those are what its arguments `relation` and `dataset` name.
        """
        return frozenset(getattr(self, name) for name in _relation_names(type(self)))

    @classmethod
    def has_relations(cls) -> bool:
        """Return whether a check of this class can have such relations."""
        return cls.relations is not Check.relations or bool(_relation_names(cls))

    def words(self, wording: Wording) -> Mapping[str, str]:
        """Return what fills the placeholders of `text` in the language of `wording`."""
        return {}

    def title(self, dataset: Dataset, registries: Registries) -> LocalizedText:
        """Return what the check demands, as one sentence in each language.

        Columns and codes have their names from the dataset and the registries.
        """
        if self.has_fixed_title():
            return _fixed_title(type(self))

        def said(language: str) -> str:
            wording = Wording(dataset, registries, language)
            sentence = self.text.get(language).format_map(self.words(wording))
            return _sentence(sentence + self._exceptions(wording))

        return localized(said)

    @classmethod
    def has_fixed_title(cls) -> bool:
        """Return whether its sentence depends neither on its arguments nor on the dataset."""
        return cls.words is Check.words

    def _exceptions(self, wording: Wording) -> str:
        """Return what follows the sentence of a check that allows for exceptions."""
        return ""

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        """Yield arguments that name what the dataset, or the registries, do not have."""
        among: dict[str, Iterable[str]] = {
            "column": dataset.columns, "columns": dataset.columns, "where": dataset.columns,
            "indicator": dataset.indicators, "indicators": dataset.indicators,
            "shares": dataset.indicators, "numerator": dataset.indicators,
            "denominator": dataset.indicators,
        }
        for name in self.model_fields_set & among.keys() - set(self.from_declaration):
            value = getattr(self, name)
            known = among[name]
            for item in [value] if isinstance(value, str) else list(value or ()):
                if isinstance(item, str) and item not in known and not _is_other(name, value):
                    yield ArgumentProblem(
                        (name,), f"{dataset.id} has no {item!r}", did_you_mean(item, {*known})
                    )

    def arguments(self) -> Arguments:
        """Return every argument, as the record of a validation has it."""
        return self.model_dump(mode="json", by_alias=True)


@cache
def _relation_names(cls: type[Check]) -> set[str]:
    return {"relation", "dataset"} & cls.model_fields.keys()


@cache
def _fixed_title(cls: type[Check]) -> LocalizedText:
    """Return the sentence of a check whose words do not depend on its arguments."""
    return sentence(cls.text)


def sentence(text: LocalizedText, **words: LocalizedText) -> LocalizedText:
    """Return the sentence of a `text` of a check, with the `words` in their places."""
    return text.format(**words).in_each(_sentence)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _is_other(name: str, value: Any) -> bool:
    """Say whether an argument maps onto another dataset, or is a mapping of its own."""
    return isinstance(value, dict) and name in ("numerator", "denominator")


class SeriesCheck(Check):
    """A check of time series: a series is what has the same key but for the period."""

    from_declaration: ClassVar[tuple[str, ...]] = ("series", "frequency")

    series: list[str]
    frequency: str

    @classmethod
    def declared(cls, dataset: Dataset, registries: Registries) -> Arguments:
        """Return the columns of a series and the dataset's frequency; registries do not matter."""
        series = [name for name in dataset.key if name != "time_period"]
        return {"series": series, "frequency": dataset.frequency}

    def key_without(self, column: str) -> str:
        """Return the columns of the key but for one, as a list for SQL."""
        return columns(self.key_columns_without(column))

    def key_columns_without(self, column: str) -> list[str]:
        """Return the columns of the key but for one."""
        return [name for name in (*self.series, "time_period") if name != column]


class ReleaseCheck(Check):
    """A check against the last release, the relation `previous_release`."""

    relation: str = PREVIOUS_RELEASE
