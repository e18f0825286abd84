"""Expectations on a column as a whole, and on the number of rows."""

from typing import ClassVar

from expectations.checks.base import Level
from expectations.checks.stock.common import Bounds, Scalars, StockCheck, filtered, one_of
from model.util.sql import identifier


class StockAggregate(StockCheck):
    """An expectation on metrics of the table.

    `sql` has the metric's SQL by its name in Great Expectations; without it the expectation is not
    computed in the common scan.
    """

    level: ClassVar[Level] = "table"
    sql: ClassVar[dict[str, str]] = {}

    def metrics(self) -> dict[str, str]:
        """Return the SQL of each metric that is needed, by its name in Great Expectations."""
        column = identifier(getattr(self, "column", ""))
        rows = filtered(self.filter_sql())
        return {name: sql.format(column=column, rows=rows) for name, sql in self.sql.items()}


class _ColumnBounds(Bounds, StockAggregate):
    column: str


class _ColumnSet(StockAggregate):
    column: str
    value_set: Scalars


class RowCountBetween(Bounds, StockAggregate):
    """So many rows."""

    type = "expect_table_row_count_to_be_between"
    vi = "số dòng {bounds}"
    en = "the number of rows is {bounds}"
    sql = {"table.row_count": "count(*){rows}"}


class RowCountEqual(StockAggregate):
    """Exactly so many rows."""

    type = "expect_table_row_count_to_equal"
    vi = "có đúng {value} dòng"
    en = "there are exactly {value} rows"
    sql = {"table.row_count": "count(*){rows}"}

    value: int


class ColumnMin(_ColumnBounds):
    """The smallest value."""

    type = "expect_column_min_to_be_between"
    vi = "{column} nhỏ nhất {bounds}"
    en = "the smallest {column} is {bounds}"
    numeric = True
    sql = {"column.min": "min({column}){rows}"}


class ColumnMax(_ColumnBounds):
    """The largest value."""

    type = "expect_column_max_to_be_between"
    vi = "{column} lớn nhất {bounds}"
    en = "the largest {column} is {bounds}"
    numeric = True
    sql = {"column.max": "max({column}){rows}"}


class ColumnSum(_ColumnBounds):
    """The sum of the values."""

    type = "expect_column_sum_to_be_between"
    vi = "tổng các {column} {bounds}"
    en = "the sum of the {column}s is {bounds}"
    numeric = True
    sql = {"column.sum": "sum({column}){rows}"}


class ColumnMean(_ColumnBounds):
    """The mean of the values."""

    type = "expect_column_mean_to_be_between"
    vi = "trung bình các {column} {bounds}"
    en = "the mean of the {column}s is {bounds}"
    numeric = True
    sql = {"column.mean": "avg(1.0 * {column}){rows}"}


class ColumnMedian(_ColumnBounds):
    """The median of the values."""

    type = "expect_column_median_to_be_between"
    vi = "trung vị các {column} {bounds}"
    en = "the median of the {column}s is {bounds}"
    numeric = True


class ColumnDeviation(_ColumnBounds):
    """The standard deviation of the values."""

    type = "expect_column_stdev_to_be_between"
    vi = "độ lệch chuẩn của các {column} {bounds}"
    en = "the standard deviation of the {column}s is {bounds}"
    numeric = True


class ColumnUniqueCount(_ColumnBounds):
    """How many different values there are."""

    type = "expect_column_unique_value_count_to_be_between"
    vi = "số {column} khác nhau {bounds}"
    en = "the number of different values of {column} is {bounds}"
    sql = {"column.distinct_values.count": "count(DISTINCT {column}){rows}"}


class ColumnUniqueShare(_ColumnBounds):
    """Which share of the values is different."""

    type = "expect_column_proportion_of_unique_values_to_be_between"
    vi = "tỷ lệ {column} khác nhau {shares}"
    en = "the share of different values of {column} is {shares}"


class ColumnNonNullShare(_ColumnBounds):
    """Which share of the rows has a value."""

    type = "expect_column_proportion_of_non_null_values_to_be_between"
    vi = "tỷ lệ dòng có {column} {shares}"
    en = "the share of rows in which the {column} is given is {shares}"


class DistinctInSet(_ColumnSet):
    """All that occurs is of a set."""

    type = "expect_column_distinct_values_to_be_in_set"
    vi = "mọi {column} xuất hiện là {one_of}"
    en = "every {column} that occurs is {one_of}"


class DistinctContainSet(_ColumnSet):
    """All of a set occurs."""

    type = "expect_column_distinct_values_to_contain_set"
    vi = "có đủ các {column}: {set}"
    en = "each of these occurs as {column}: {set}"

    def metrics(self) -> dict[str, str]:
        """Count the values of the set that the column lacks."""
        known = filtered(self.filter_sql(), one_of(self.column, self.value_set))
        missing = f"{len(set(self.value_set))} - count(DISTINCT {identifier(self.column)}){known}"
        return {"column.distinct_values.missing_from_column.count": missing}


class DistinctEqualSet(_ColumnSet):
    """What occurs is exactly a set."""

    type = "expect_column_distinct_values_to_equal_set"
    vi = "các {column} xuất hiện đúng là: {set}"
    en = "the values of {column} that occur are exactly: {set}"


class MostCommonInSet(_ColumnSet):
    """The value that occurs most often is of a set."""

    type = "expect_column_most_common_value_to_be_in_set"
    vi = "{column} hay gặp nhất là {one_of}"
    en = "the most common {column} is {one_of}"

    ties_okay: bool = False
