"""Expectations on rows: of one column, of several, and of a suite's own query."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from expectations.checks.base import UNEXPECTED_ROWS, ArgumentProblem, Check
from expectations.checks.spreadsheet import SheetRow, given, matches
from expectations.checks.spreadsheet import one_of as is_one_of
from expectations.checks.stock.common import (
    NUMBER,
    Bounds,
    Scalar,
    Scalars,
    StockRowCheck,
    one_of,
)
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.sql import identifier, literal


class _OneColumn(StockRowCheck):
    column: str


class ColumnValuesNotNull(_OneColumn):
    """A column without gaps."""

    type = "expect_column_values_to_not_be_null"
    vi = "dòng nào cũng có {column}"
    en = "the {column} is given in every row"

    def broken(self) -> str:
        return f"{identifier(self.column)} IS NULL"

    def broken_formula(self, row: SheetRow) -> str:
        return f'{row.cell(self.column)}=""'


class ColumnValuesNull(_OneColumn):
    """A column that is empty."""

    type = "expect_column_values_to_be_null"
    vi = "không dòng nào có {column}"
    en = "the {column} is given in no row"

    def broken(self) -> str:
        return f"{identifier(self.column)} IS NOT NULL"

    def broken_formula(self, row: SheetRow) -> str:
        return f'{row.cell(self.column)}<>""'


class ColumnValuesUnique(_OneColumn):
    """A column whose values do not repeat."""

    type = "expect_column_values_to_be_unique"
    vi = "{column} không lặp lại"
    en = "no {column} appears twice"
    dimension = "uniqueness"

    def key(self) -> tuple[str, ...]:
        return (self.column,)


class ColumnValuesBetween(Bounds, _OneColumn):
    """Numbers within bounds."""

    type = "expect_column_values_to_be_between"
    vi = "{column} {bounds}"
    en = "the {column} is {bounds}"
    numeric = True

    def broken(self) -> str:
        return self.outside(identifier(self.column))

    def broken_formula(self, row: SheetRow) -> str:
        return given(row, self.column, self.outside_formula(row.cell(self.column)))


class ColumnValuesInSet(_OneColumn):
    """Values of a set."""

    type = "expect_column_values_to_be_in_set"
    vi = "{column} là {one_of}"
    en = "the {column} is {one_of}"

    value_set: Scalars

    def broken(self) -> str:
        return f"NOT ({one_of(self.column, self.value_set)})"

    def broken_formula(self, row: SheetRow) -> str | None:
        found = _in_set(row, self.column, self.value_set)
        return found and given(row, self.column, f"NOT({found})")


class ColumnValuesNotInSet(_OneColumn):
    """No value of a set."""

    type = "expect_column_values_to_not_be_in_set"
    vi = "{column} không phải là {one_of}"
    en = "the {column} is not {one_of}"

    value_set: Scalars

    def broken(self) -> str:
        return one_of(self.column, self.value_set)

    def broken_formula(self, row: SheetRow) -> str | None:
        found = _in_set(row, self.column, self.value_set)
        return found and given(row, self.column, found)


class _Regex(_OneColumn):
    regex: str

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        yield from super().problems(dataset, registries)
        # DuckDB takes 40 ms to import; what a declaration implies needs no test.
        from expectations.suites.inline import regex_problem  # noqa: PLC0415

        if problem := regex_problem(self.regex):
            excerpt = repr(self.regex)[:60]
            yield ArgumentProblem(
                ("regex",), f"regex cannot be read: {problem} (got {excerpt})",
                "see docs/quality.md",
            )

    def _matches(self) -> str:
        return f"regexp_matches({identifier(self.column)}, {literal(self.regex)})"


class ColumnValuesMatchRegex(_Regex):
    """Text of a form, as a regular expression (RE2)."""

    type = "expect_column_values_to_match_regex"
    vi = "{column} được viết theo mẫu {regex}"
    en = "the {column} is written as {regex}"

    def broken(self) -> str:
        return f"NOT {self._matches()}"

    def broken_formula(self, row: SheetRow) -> str | None:
        found = matches(row.cell(self.column), self.regex)
        return found and given(row, self.column, f"NOT({found})")


class ColumnValuesNotMatchRegex(_Regex):
    """Text without a form, as a regular expression (RE2)."""

    type = "expect_column_values_to_not_match_regex"
    vi = "{column} không chứa mẫu {regex}"
    en = "the {column} does not contain {regex}"

    def broken(self) -> str:
        return self._matches()

    def broken_formula(self, row: SheetRow) -> str | None:
        found = matches(row.cell(self.column), self.regex)
        return found and given(row, self.column, found)


class ColumnValueLengthsBetween(Bounds, _OneColumn):
    """Text of a length within bounds."""

    type = "expect_column_value_lengths_to_be_between"
    vi = "số ký tự của {column} {bounds}"
    en = "the {column} is {bounds} characters long"

    def broken(self) -> str:
        return self.outside(f"length({identifier(self.column)})")

    def broken_formula(self, row: SheetRow) -> str:
        return given(row, self.column, self.outside_formula(f"LEN({row.cell(self.column)})"))


class ColumnValueLengthsEqual(_OneColumn):
    """Text of one length."""

    type = "expect_column_value_lengths_to_equal"
    vi = "{column} dài đúng {value} ký tự"
    en = "the {column} is exactly {value} characters long"

    value: int

    def broken(self) -> str:
        return f"length({identifier(self.column)}) <> {self.value}"

    def broken_formula(self, row: SheetRow) -> str:
        return given(row, self.column, f"LEN({row.cell(self.column)})<>{self.value}")


class ColumnValueZScores(_OneColumn):
    """Numbers near the mean, in standard deviations."""

    type = "expect_column_value_z_scores_to_be_less_than"
    vi = "{column} lệch khỏi trung bình ít hơn {threshold} độ lệch chuẩn"
    en = "the {column} is less than {threshold} standard deviations away from the mean"
    numeric = True

    threshold: int | float
    double_sided: bool


def _in_set(row: SheetRow, column: str, values: Sequence[Scalar]) -> str | None:
    """Return the formula that a cell is one of some texts; of numbers none."""
    texts = [item for item in values if isinstance(item, str)]
    is_text = column != NUMBER and len(texts) == len(values)
    return is_one_of(row, row.cell(column), texts) if is_text else None


Pair = Annotated[list[Scalar], Field(min_length=2, max_length=2)]


class _Pairs(StockRowCheck):
    column_A: str
    column_B: str
    ignore_row_if: Literal[
        "both_values_are_missing", "either_value_is_missing", "neither"
    ] = "both_values_are_missing"


class _Columns(StockRowCheck):
    column_list: Annotated[list[str], Field(min_length=2)]
    ignore_row_if: Literal[
        "all_values_are_missing", "any_value_is_missing", "never"
    ] = "all_values_are_missing"


class PairGreater(_Pairs):
    """One column above another."""

    type = "expect_column_pair_values_a_to_be_greater_than_b"
    vi = "{a} {greater} {b}"
    en = "the {a} is {greater} the {b}"

    or_equal: bool = False

    def words(self, wording: Wording) -> Mapping[str, str]:
        greater = wording.say("lớn hơn", "greater than")
        not_less = wording.say("không nhỏ hơn", "not less than")
        return {**super().words(wording), "greater": not_less if self.or_equal else greater}


class PairEqual(_Pairs):
    """Two columns that are the same."""

    type = "expect_column_pair_values_to_be_equal"
    vi = "{a} bằng {b}"
    en = "the {a} equals the {b}"


class PairInSet(_Pairs):
    """Two columns that go together in declared pairs."""

    type = "expect_column_pair_values_to_be_in_set"
    vi = "{a} và {b} đi với nhau theo các cặp đã khai báo"
    en = "the {a} and the {b} go together in one of the declared pairs"

    value_pairs_set: Annotated[list[Pair], Field(min_length=1)]


class CompoundUnique(_Columns):
    """A key of several columns. Rows with NULL in the key are left out, as in GX."""

    type = "expect_compound_columns_to_be_unique"
    vi = "không có hai dòng nào trùng cả {columns}"
    en = "no two rows have the same {columns}"
    dimension = "uniqueness"

    def key(self) -> tuple[str, ...]:
        return tuple(self.column_list)


class UniqueWithinRecord(_Columns):
    """Columns that differ from each other in every row."""

    type = "expect_select_column_values_to_be_unique_within_record"
    vi = "trong mỗi dòng, {columns} khác nhau"
    en = "within a row, {columns} differ from each other"
    dimension = "uniqueness"


class UnexpectedRows(Check):
    """Rows that a SELECT over {batch} gives; on rows of the table where it gives `_id`."""

    type = UNEXPECTED_ROWS
    vi = "không có dòng nào mà câu truy vấn tìm thấy là sai"
    en = "the query for wrong rows finds none"
    dimension = "validity"

    unexpected_rows_query: str

    def query(self) -> str:
        return self.unexpected_rows_query
