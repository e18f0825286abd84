"""Expectations on several columns of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from expectations.checks.stock.common import Scalar, StockRowCheck
from expectations.checks.wording import Wording
from model.records.validation import QualityDimension
from model.util.text import Bilingual

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

    type: ClassVar = "expect_column_pair_values_a_to_be_greater_than_b"
    text: ClassVar = Bilingual(vi="{a} {greater} {b}", en="the {a} is {greater} the {b}")

    or_equal: bool = False

    def words(self, wording: Wording) -> Mapping[str, str]:
        greater = wording.say("lớn hơn", "greater than")
        not_less = wording.say("không nhỏ hơn", "not less than")
        return {**super().words(wording), "greater": not_less if self.or_equal else greater}


class PairEqual(_Pairs):
    """Two columns that are the same."""

    type: ClassVar = "expect_column_pair_values_to_be_equal"
    text: ClassVar = Bilingual(vi="{a} bằng {b}", en="the {a} equals the {b}")


class PairInSet(_Pairs):
    """Two columns that go together in declared pairs."""

    type: ClassVar = "expect_column_pair_values_to_be_in_set"
    text: ClassVar = Bilingual(
        vi="{a} và {b} đi với nhau theo các cặp đã khai báo",
        en="the {a} and the {b} go together in one of the declared pairs",
    )

    value_pairs_set: Annotated[list[Pair], Field(min_length=1)]


class CompoundUnique(_Columns):
    """A key of several columns. Rows with NULL in the key are left out, as in GX."""

    type: ClassVar = "expect_compound_columns_to_be_unique"
    text: ClassVar = Bilingual(
        vi="không có hai dòng nào trùng cả {columns}", en="no two rows have the same {columns}"
    )
    dimension: ClassVar[QualityDimension] = "uniqueness"

    def key(self) -> tuple[str, ...]:
        return tuple(self.column_list)


class UniqueWithinRecord(_Columns):
    """Columns that differ from each other in every row."""

    type: ClassVar = "expect_select_column_values_to_be_unique_within_record"
    text: ClassVar = Bilingual(
        vi="trong mỗi dòng, {columns} khác nhau",
        en="within a row, {columns} differ from each other",
    )
    dimension: ClassVar[QualityDimension] = "uniqueness"
