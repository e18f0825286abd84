"""State of the search for the roles of columns: the columns, and what was found so far."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from model.declarations.dataset import AFTER_DIMENSIONS, BEFORE_DIMENSIONS
from model.reference.codelist import Codelist
from model.util.text import fold, slug
from sources.inspect.codebooks import Codebook
from sources.inspect.finding import Certainty, Guess
from sources.inspect.tables.areas import is_of_areas, knows
from sources.inspect.tables.titles import PriceBasis, TableTitle
from sources.inspect.tables.units import NamedUnit
from sources.inspect.tables.values import PeriodColumn

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-:]*")
# Variables of a title that are no dimension: periods, and words that say nothing.
_GENERAL = re.compile(r"years?|months?|quarters?|items?|iterms?|indicators?|nam|thang|quy|chi tieu")


Form = Literal["table", "cube", "sdmx"]


@dataclass(frozen=True)
class InspectedColumn:
    """A column as text: its filled values, by row (None for none) and by how often they occur."""

    name: str
    values: Sequence[str | None]
    counts: Counter[str]

    @classmethod
    def of(cls, name: str, values: pa.ChunkedArray) -> InspectedColumn:
        """Return the column `name` of a table as text, from its `values`.

        Nested values and bytes have none.
        """
        try:
            cells = values.cast(pa.string()).to_pylist()
        except (pa.ArrowException, UnicodeDecodeError):
            cells = [None] * len(values)
        texts = [None if cell is None or cell.strip() in ("", "nan") else cell for cell in cells]
        return cls(name, texts, Counter(text for text in texts if text is not None))

    @property
    def words(self) -> str:
        """The name for comparison: lower case, without diacritics, underscores and camel case."""
        return fold(re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", self.name)).replace("_", " ")

    @property
    def longest(self) -> int:
        """The length of its longest value."""
        return max(map(len, self.counts), default=0)


@dataclass
class Roles:
    """The roles that were found.

    rules: column rules by concept, as a declaration has them.
    unpivot, where: as a declaration has them.
    indicators: the codes, each with the words that the source has for it.
    names: by code, what the source calls an indicator in each language, where it says so.
    units: by code, the unit that the source names.
    unknown_units: by code, what a column of units says that names no unit of the registry.
    bases: by code, at which prices it is, where the source says so.
    dimensions: by name: the codelist, None where the text is its own code.
    notes: the evidence of each rule.
    covered: the codes of the areas that the table has.
    last: the last period, "" where none is known.
    tolerance: the share of rows that will be quarantined, where it is high.
    """

    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    unpivot: dict[str, Any] | None = None
    where: dict[str, list[str]] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    units: dict[str, NamedUnit] = field(default_factory=dict)
    unknown_units: dict[str, str] = field(default_factory=dict)
    bases: dict[str, PriceBasis] = field(default_factory=dict)
    dimensions: dict[str, str | None] = field(default_factory=dict)
    notes: dict[str, Guess] = field(default_factory=dict)
    codelist: str | None = None
    covered: frozenset[str] = frozenset()
    frequency: str | None = None
    last: str = ""
    decimals: int = 0
    tolerance: float | None = None

    @property
    def shared_basis(self) -> PriceBasis | None:
        """The prices of all indicators, None where they differ."""
        found = list(self.bases.values())
        is_one = len(found) == len(self.indicators) and all(each == found[0] for each in found)
        return found[0] if found and is_one else None

    def note(self, what: str, value: str, certainty: Certainty, why: str) -> None:
        """Keep a guess: the option (`what`), its `value`, its `certainty`, and `why` it is so."""
        self.notes[what] = Guess(what, value, certainty, why)


@dataclass
class Search:
    """The columns, what the connector says of them, and what was found.

    given: the connector's own columns, by concept.
    used: the columns that have a role.
    name, file: of the dataset and of its file, for what the table does not name.
    title: of the table, where it has one.
    codebooks: that stand beside the file.
    form: a plain table; a cube, whose variables are all dimensions; or an SDMX message, whose
        columns are ids of concepts that have roles.
    heading_unit: that all headings of periods name, "" without.
    """

    columns: Mapping[str, InspectedColumn]
    codelists: Mapping[str, Codelist]
    given: Mapping[str, str]
    name: str
    file: str
    found: Roles = field(default_factory=Roles)
    used: set[str] = field(default_factory=set)
    title: TableTitle | None = None
    codebooks: Sequence[Codebook] = ()
    form: Form = "table"
    heading_unit: str = ""

    def free(self) -> list[InspectedColumn]:
        """Return the columns without a role."""
        return [column for column in self.columns.values() if column.name not in self.used]

    def codebook_of(self, codes: Iterable[str]) -> Codebook | None:
        """Return the codebook that says what all of the codes mean, None where none does."""
        listed = list(codes)
        return next((book for book in self.codebooks if book.knows(listed)), None)

    def take(self, concept: str, column: str, **more: Any) -> None:
        """Give a `column` its role, a `concept`."""
        self.used.add(column)
        self.found.rules[concept] = {"column": column, **more}

    def unused_name(self, name: str) -> str:
        """Return a name that no column has."""
        folded = {each.casefold() for each in self.columns}
        while name in folded:
            name = f"{name}_of_row"
        return name

    def dimension_of_title(self) -> str:
        """Return the variable of the title that no column is and that is no period, "" without."""
        named = {column.words for column in self.columns.values()}
        listed = self.title.variables if self.title else ()
        return next((
            each for each in listed
            if fold(each) not in named and not _GENERAL.fullmatch(fold(each))
        ), "")

    def dimension_name(self, words: str) -> str:
        """Return the name of a dimension, made of words."""
        name = slug(words).replace("-", "_")[:55] or "kind"
        reserved = (*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS)
        is_free = name not in reserved and re.fullmatch("[a-z][a-z0-9_]+", name)
        return name if is_free else f"by_{name}"

    def codelist_of(self, column: InspectedColumn) -> str | None:
        """Return the codelist, other than of areas, that knows all of a column's values."""
        return next((
            each.id for each in self.codelists.values()
            if not is_of_areas(each) and all(knows(each, text) for text in column.counts)
        ), None)

    def frequency_of(self, periods: PeriodColumn) -> None:
        """Keep the frequency of the figures, and the last period."""
        frequency, count = periods.frequencies.most_common(1)[0]
        total = periods.frequencies.total()
        self.found.last = periods.last
        self.found.frequency = frequency
        self.found.note("frequency", frequency, "certain" if count == total else "unsure",
                        f"{count} of {total} distinct periods are of this kind")

    def indicators_of(
        self, texts: Sequence[str], column: str, certainty: Certainty, why: str
    ) -> None:
        """Take the distinct `texts` of a `column` as the indicators.

        `certainty` is that of the guess, `why` its evidence.
        """
        codes = codes_of(texts)
        mapped = {text.strip(): code for text, code in codes.items() if code != text.strip()}
        more = {"map": mapped} if mapped else {}
        self.take("indicator", column, **more)
        self.found.indicators = {code: text.strip() for text, code in codes.items()}
        self.found.note("indicator", column, certainty, why)


def is_code(text: str) -> bool:
    """Whether a text is a valid code."""
    return _CODE.fullmatch(text.strip()) is not None


def code_of(text: str) -> str:
    """Return a code made of a text's letters."""
    return slug(text).replace("-", "_").upper()[:60].strip("_") or "VALUE"


def codes_of(texts: Iterable[str]) -> dict[str, str]:
    """Return a code for each text: itself where all are codes, else one made of its letters."""
    listed = list(texts)
    if all(map(is_code, listed)):
        return {text: text.strip() for text in listed}
    taken: Counter[str] = Counter()
    codes = {}
    for text in listed:
        base = code_of(text)
        taken[base] += 1
        codes[text] = base if taken[base] == 1 else f"{base}_{taken[base]}"
    return codes
