"""Expectations on the values of one column, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from expectations.checks.base import ArgumentProblem
from expectations.checks.stock.common import Bounds, Scalars, StockRowCheck, one_of
from model.declarations.dataset import Dataset
from model.records.validation import QualityDimension
from model.reference.registries import Registries
from model.util.sql import identifier, literal
from model.util.text import Bilingual


class ColumnValuesNotNull(StockRowCheck):
    """A column without gaps."""

    type: ClassVar = "expect_column_values_to_not_be_null"
    text: ClassVar = Bilingual(
        vi="dòng nào cũng có {column}", en="the {column} is given in every row"
    )

    column: str

    def broken(self) -> str:
        return f"{identifier(self.column)} IS NULL"


class ColumnValuesNull(StockRowCheck):
    """A column that is empty."""

    type: ClassVar = "expect_column_values_to_be_null"
    text: ClassVar = Bilingual(
        vi="không dòng nào có {column}", en="the {column} is given in no row"
    )

    column: str

    def broken(self) -> str:
        return f"{identifier(self.column)} IS NOT NULL"


class ColumnValuesUnique(StockRowCheck):
    """A column whose values do not repeat."""

    type: ClassVar = "expect_column_values_to_be_unique"
    text: ClassVar = Bilingual(vi="{column} không lặp lại", en="no {column} appears twice")
    dimension: ClassVar[QualityDimension] = "uniqueness"

    column: str

    def key(self) -> tuple[str, ...]:
        return (self.column,)


class ColumnValuesBetween(Bounds, StockRowCheck):
    """Numbers within bounds."""

    type: ClassVar = "expect_column_values_to_be_between"
    text: ClassVar = Bilingual(vi="{column} {bounds}", en="the {column} is {bounds}")
    numeric: ClassVar = True

    column: str

    def broken(self) -> str:
        return self.outside(identifier(self.column))


class ColumnValuesInSet(StockRowCheck):
    """Values of a set."""

    type: ClassVar = "expect_column_values_to_be_in_set"
    text: ClassVar = Bilingual(vi="{column} là {one_of}", en="the {column} is {one_of}")

    column: str
    value_set: Scalars

    def broken(self) -> str:
        return f"NOT ({one_of(self.column, self.value_set)})"


class ColumnValuesNotInSet(StockRowCheck):
    """No value of a set."""

    type: ClassVar = "expect_column_values_to_not_be_in_set"
    text: ClassVar = Bilingual(
        vi="{column} không phải là {one_of}", en="the {column} is not {one_of}"
    )

    column: str
    value_set: Scalars

    def broken(self) -> str:
        return one_of(self.column, self.value_set)


class _Regex(StockRowCheck):
    column: str
    regex: str

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        # DuckDB takes 40 ms to import; what a declaration implies needs no test.
        from expectations.suites.inline import regex_problem  # noqa: PLC0415

        if problem := regex_problem(self.regex):
            shown = repr(self.regex)[:60]
            yield ArgumentProblem(
                ("regex",), f"regex cannot be read: {problem} (got {shown})", "see docs/quality.md"
            )

    def _matches(self) -> str:
        return f"regexp_matches({identifier(self.column)}, {literal(self.regex)})"


class ColumnValuesMatchRegex(_Regex):
    """Text of a form, as a regular expression (RE2)."""

    type: ClassVar = "expect_column_values_to_match_regex"
    text: ClassVar = Bilingual(
        vi="{column} được viết theo mẫu {regex}", en="the {column} is written as {regex}"
    )

    def broken(self) -> str:
        return f"NOT {self._matches()}"


class ColumnValuesNotMatchRegex(_Regex):
    """Text without a form, as a regular expression (RE2)."""

    type: ClassVar = "expect_column_values_to_not_match_regex"
    text: ClassVar = Bilingual(
        vi="{column} không chứa mẫu {regex}", en="the {column} does not contain {regex}"
    )

    def broken(self) -> str:
        return self._matches()


class ColumnValueLengthsBetween(Bounds, StockRowCheck):
    """Text of a length within bounds."""

    type: ClassVar = "expect_column_value_lengths_to_be_between"
    text: ClassVar = Bilingual(
        vi="số ký tự của {column} {bounds}", en="the {column} is {bounds} characters long"
    )

    column: str

    def broken(self) -> str:
        return self.outside(f"length({identifier(self.column)})")


class ColumnValueLengthsEqual(StockRowCheck):
    """Text of one length."""

    type: ClassVar = "expect_column_value_lengths_to_equal"
    text: ClassVar = Bilingual(
        vi="{column} dài đúng {value} ký tự", en="the {column} is exactly {value} characters long"
    )

    column: str
    value: int

    def broken(self) -> str:
        return f"length({identifier(self.column)}) <> {self.value}"


class ColumnValueZScores(StockRowCheck):
    """Numbers near the mean, in standard deviations."""

    type: ClassVar = "expect_column_value_z_scores_to_be_less_than"
    text: ClassVar = Bilingual(
        vi="{column} lệch khỏi trung bình ít hơn {threshold} độ lệch chuẩn",
        en="the {column} is less than {threshold} standard deviations away from the mean",
    )
    numeric: ClassVar = True

    column: str
    threshold: int | float
    double_sided: bool
