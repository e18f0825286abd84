"""The expectations that a suite may name, with their arguments, without Great Expectations.

Names, arguments and meaning are those of Great Expectations 1.24; a test compares this table with
its classes. Left out on purpose: what speaks of the table's own shape (columns, their number,
order and types), which the declaration fixes and no data can break; sums across columns, of which
only `obs_value` is a number; what Great Expectations has for pandas or Spark alone; LIKE patterns
and lists of patterns, for which a regular expression serves; the KL divergence, whose bins nobody
edits by hand; and quantiles, which fail inside 1.24 on every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["row", "table"]


@dataclass(frozen=True)
class Kind:
    """What an expectation judges (single rows, or the table as a whole) and its arguments."""

    level: Level
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument that a suite may give."""
        return (*self.required, *self.optional)


BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
UNEXPECTED_ROWS = "unexpected_rows_expectation"

# These take numbers only, and only `obs_value` is a number.
NUMERIC = (
    "expect_column_values_to_be_between", "expect_column_value_z_scores_to_be_less_than",
    "expect_column_min_to_be_between", "expect_column_max_to_be_between",
    "expect_column_sum_to_be_between", "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between", "expect_column_stdev_to_be_between",
)

_WHERE = ("row_condition",)
_ROWS = ("mostly", "row_condition")
_PAIRS = ("mostly", "row_condition", "ignore_row_if")
_COLUMN = ("column",)


def _values(*required: str, optional: tuple[str, ...] = ()) -> Kind:
    return Kind("row", (*_COLUMN, *required), (*optional, *_ROWS))


def _aggregate(*required: str, optional: tuple[str, ...] = ()) -> Kind:
    return Kind("table", (*_COLUMN, *required), (*optional, *_WHERE))


KINDS: dict[str, Kind] = {
    # one column, row by row
    "expect_column_values_to_not_be_null": _values(),
    "expect_column_values_to_be_null": _values(),
    "expect_column_values_to_be_unique": _values(),
    "expect_column_values_to_be_between": _values(optional=BOUNDS),
    "expect_column_values_to_be_in_set": _values("value_set"),
    "expect_column_values_to_not_be_in_set": _values("value_set"),
    "expect_column_values_to_match_regex": _values("regex"),
    "expect_column_values_to_not_match_regex": _values("regex"),
    "expect_column_value_lengths_to_be_between": _values(optional=BOUNDS),
    "expect_column_value_lengths_to_equal": _values("value"),
    "expect_column_value_z_scores_to_be_less_than": _values("threshold", "double_sided"),
    # several columns, row by row
    "expect_column_pair_values_a_to_be_greater_than_b": Kind(
        "row", ("column_A", "column_B"), ("or_equal", *_PAIRS)
    ),
    "expect_column_pair_values_to_be_equal": Kind("row", ("column_A", "column_B"), _PAIRS),
    "expect_column_pair_values_to_be_in_set": Kind(
        "row", ("column_A", "column_B", "value_pairs_set"), _PAIRS
    ),
    "expect_compound_columns_to_be_unique": Kind("row", ("column_list",), _PAIRS),
    "expect_select_column_values_to_be_unique_within_record": Kind(
        "row", ("column_list",), _PAIRS
    ),
    # one column as a whole
    "expect_column_min_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_max_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_sum_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_mean_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_median_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_stdev_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_unique_value_count_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_proportion_of_unique_values_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_proportion_of_non_null_values_to_be_between": _aggregate(optional=BOUNDS),
    "expect_column_distinct_values_to_be_in_set": _aggregate("value_set"),
    "expect_column_distinct_values_to_contain_set": _aggregate("value_set"),
    "expect_column_distinct_values_to_equal_set": _aggregate("value_set"),
    "expect_column_most_common_value_to_be_in_set": _aggregate(
        "value_set", optional=("ties_okay",)
    ),
    # the table
    "expect_table_row_count_to_be_between": Kind("table", (), (*BOUNDS, *_WHERE)),
    "expect_table_row_count_to_equal": Kind("table", ("value",), _WHERE),
    # a query of one's own: row by row when it gives `_id`, see expectations.suites.probe
    UNEXPECTED_ROWS: Kind("row", ("unexpected_rows_query",)),
}
