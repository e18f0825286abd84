"""A dataset's source: which connector fetches it, and how its columns map onto observations.

The fields of these models are described in their docstrings, one a line: the JSON Schema and the
reference in docs/ take the descriptions from there.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from model.reference.periods import frequency_of
from model.util.text import Code, Frozen, Name, Text

# SDMX CL_OBS_STATUS 2.2: A normal, B time series break, E estimated, F forecast, I imputed,
# O missing, P provisional, U low reliability, N not significant, Q suppressed.
ObsStatus = Literal["A", "B", "E", "F", "I", "N", "O", "P", "Q", "U"]

# Texts that mean "no value" in the sources of this field.
DEFAULT_MISSING = ("", "..", "...", "…", "-", "n/a", "N/A", "NA", "null", ":")


NOT_EMPTY = "not_empty"
RANGE = r"(\S+?)\.\.(\S*)"


def ends_of_range(text: str) -> tuple[str, str] | None:
    """Return the ends of a range of numbers or ISO periods, "" for an open end; None for no range.

    >>> ends_of_range("0.5..2"), ends_of_range("2020-01.."), ends_of_range("2020..2020-12")
    (('0.5', '2'), ('2020-01', ''), None)
    """
    found = re.fullmatch(RANGE, text)
    if found is None:
        return None
    first, last = found.groups()
    if is_number(first):
        return (first, last) if not last or is_number(last) else None
    kinds = {frequency_of(end) for end in (first, last) if end}
    return (first, last) if len(kinds) == 1 and None not in kinds else None


def is_number(text: str) -> bool:
    """Say whether an end of a range is a number: digits with `.` before the decimals."""
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _condition(text: str) -> str:
    if text != NOT_EMPTY and ends_of_range(text) is None:
        raise ValueError("is no range, and not `not_empty`")
    return text


# What `where` keeps besides the values of a list.
Kept = Annotated[str, AfterValidator(_condition)]


class FlagRule(Frozen):
    """What a flag beside a value or label means; without any field it means nothing.

    status: the observation status (SDMX CL_OBS_STATUS) that the flag stands for.
    note: a note for readers that the flag stands for.
    footnote: the id of the footnote that it refers to.
    """

    status: ObsStatus | None = None
    note: Text | None = None
    footnote: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"status": value} if isinstance(value, str) else value


class ScaleBy(Frozen):
    """A scale that another column names: "Billions" is 1000000000.

    column: the column that names the scale.
    map: the words of that column and what each multiplies the number with.
    """

    column: Text
    map: dict[str, FiniteFloat] = Field(min_length=1)


class ColumnRule(Frozen):
    """Where a concept's values come from; a column's name alone is short for `column`.

    column: the source's column; exactly one of `column` and `const` is given.
    const: one value for all rows.
    map: labels of the source and the codes that they stand for.
    codelist: find the code for a code or a name in this codelist; ambiguous names are refused.
    followed_by: the column whose text follows, after a blank: the month beside a year.
    format: of a date or period, e.g. `%d/%m/%Y`; with `:M`, `:Q` or `:A` the period it stands
        for. `auto` reads what is unambiguous.
    locale: how numbers are written: `plain` 1234.5, `en` 1,234.5, `vi` 1.234,5; never guessed.
    missing: texts that mean "no value".
    scale: what to multiply numbers with, e.g. 1000 for "thousand persons".
    scale_by: a scale that differs from row to row, named by another column.
    scale_words: words behind a number and what they multiply it with: `{nghìn: 1000}`.
    marks: footnote and status flags that are taken off the text, and what each means.
    within: for areas: the code of the area that they must lie in.
    named: for areas: the column with the name that the code in `column` must have.
    successor: for areas of an earlier `codelist`: `same` keeps those that were neither split nor
        merged, `sum` adds up those that were merged.
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
    scale_words: dict[str, FiniteFloat] = {}
    marks: dict[str, FlagRule] = {}
    within: Code | None = None
    named: Text | None = None
    followed_by: Text | None = None
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

    columns: the names of the columns; exactly one of `columns` and `matching` is given.
    matching: a regular expression on the whole name; its named groups become columns.
    names_to: the column that gets the name, `name` by default; or several, with `separator`.
    separator: splits a name into as many texts as `names_to` has columns.
    values_to: the column that gets the value.
    """

    columns: tuple[Text, ...] | None = None
    matching: Text | None = None
    names_to: Name | Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    separator: Text | None = None
    values_to: Name = "value"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a name becomes."""
        groups = tuple(re.compile(self.matching or "").groupindex)
        if groups or isinstance(self.names_to, tuple):
            return groups or tuple(self.names_to or ())
        return (self.names_to or "name",)

    @model_validator(mode="after")
    def _consistent(self) -> Unpivot:
        if (self.columns is None) == (self.matching is None):
            raise ValueError("give either `columns` or `matching`, not both or neither")
        if self.matching is not None:
            try:
                groups = dict(re.compile(self.matching).groupindex)
            except re.error as error:
                raise ValueError(f"`matching` is no regular expression: {error}") from error
            if groups and (self.names_to is not None or self.separator is not None):
                raise ValueError("the groups of `matching` name the columns: leave out `names_to`")
        if isinstance(self.names_to, tuple) != (self.separator is not None):
            raise ValueError("several `names_to` need a `separator`, and only they")
        return self


class Allow(Frozen):
    """Which changes of a source's schema pass with a warning instead of blocking the release.

    new_columns: columns that were not there before.
    new_codes: concepts, e.g. `ref_area`, that may have unknown codes; their rows are quarantined.
    """

    new_columns: bool = True
    new_codes: tuple[Name, ...] = ()


class Source(Frozen):
    """Where a dataset comes from, and how its columns map onto the observation.

    protocol: the connector that fetches and reads it.
    options: the connector's own options. In YAML they stand directly beside `protocol`.
    unpivot: wide to long, before anything else.
    sql: a file beside the declaration with one `SELECT … FROM raw`.
    where: keep the rows whose column has one of these values: a list, a group of areas (`asean`),
        a range of numbers or periods (`2000..2025`, `2020-01..`), or any at all (`not_empty`).
    columns: where each concept comes from; overrides the connector's own mapping.
    empty: rows without a value: `drop` them, or `keep` them with the status `O`.
    allow: which changes of the source's schema pass with a warning.
    checked: the day on which a person found that a changed source is still read correctly.
    """

    protocol: Name
    options: Any = {}
    unpivot: Unpivot | None = None
    sql: Text | None = None
    where: dict[str, tuple[str, ...] | Kept] = {}
    columns: dict[str, ColumnRule] = {}
    empty: Literal["drop", "keep"] = "drop"
    allow: Allow = Allow()
    checked: date | None = None
