"""What stock expectations share: arguments, row conditions, and how they become SQL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from expectations.checks.base import ArgumentProblem, Arguments, Check
from expectations.checks.spreadsheet import SheetRow, all_of, any_of, outside, quoted, repeated
from expectations.checks.spreadsheet import one_of as is_one_of
from expectations.checks.sql import value
from expectations.checks.wording import Wording
from model.declarations.dataset import Dataset
from model.records.validation import QualityDimension
from model.reference.registries import Registries
from model.util.sql import identifier
from model.util.text import Frozen, did_you_mean

NUMBER = "obs_value"  # the one column of an observation that is not text
# Text is looked up in a list quickly while the list is short, in a subquery by hash always; either
# is quicker than IN with constants.
_SHORT = 64


def _share(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError("is not a share; write e.g. 0.95")
    return value


Scalar = str | int | float
Scalars = Annotated[list[Scalar], Field(min_length=1)]
Share = Annotated[float, AfterValidator(_share)]


class ColumnName(Frozen):
    """A column, as Great Expectations' conditions name it."""

    name: str


class ColumnCondition(Frozen):
    """A column compared with a value, or with a list of them."""

    type: Literal["comparison"]
    column: ColumnName
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN"]
    parameter: Scalar | list[Scalar]

    @model_validator(mode="after")
    def _list_for_sets(self) -> Self:
        if (self.operator in ("IN", "NOT_IN")) != isinstance(self.parameter, list):
            raise ValueError("takes a list for IN and NOT_IN, else one value")
        return self

    def sql(self) -> str:
        """Return the condition in SQL."""
        column, parameter = identifier(self.column.name), self.parameter
        if isinstance(parameter, list):
            listed = ", ".join(map(value, parameter))
            return f"{column} {self.operator.replace('_', ' ')} ({listed})"
        return f"{column} {'=' if self.operator == '==' else self.operator} {value(parameter)}"

    def formula(self, row: SheetRow) -> str | None:
        """Return the condition as a formula in a `row`; None where it compares order of text."""
        cell, parameter, operator = row.cell(self.column.name), self.parameter, self.operator
        given = parameter if isinstance(parameter, list) else [parameter]
        if self.column.name == NUMBER:
            sign = {"==": "=", "!=": "<>", "IN": "=", "NOT_IN": "<>"}.get(operator, operator)
            joint = all_of if operator == "NOT_IN" else any_of
            return all_of([f'{cell}<>""', joint(f"{cell}{sign}{quoted(item)}" for item in given)])
        if operator not in ("==", "!=", "IN", "NOT_IN") or not _is_text(given):
            return None
        found = is_one_of(row, cell, [str(item) for item in given])
        is_in = operator in ("==", "IN")
        return all_of([f'{cell}<>""', found if is_in else f"NOT({found})"])


class Nullity(Frozen):
    """A column that is NULL, or is not."""

    type: Literal["nullity"]
    column: ColumnName
    is_null: bool

    def sql(self) -> str:
        """Return the condition in SQL."""
        return f"{identifier(self.column.name)} IS {'' if self.is_null else 'NOT '}NULL"

    def formula(self, row: SheetRow) -> str | None:
        """Return the condition as a formula in a `row`."""
        return f"{row.cell(self.column.name)}{'=' if self.is_null else '<>'}\"\""


class Joint(Frozen):
    """Several conditions of which all hold, or any."""

    type: Literal["and", "or"]
    conditions: Annotated[list["Condition"], Field(min_length=1)]

    def sql(self) -> str:
        """Return the condition in SQL."""
        return "(" + f" {self.type.upper()} ".join(part.sql() for part in self.conditions) + ")"

    def formula(self, row: SheetRow) -> str | None:
        """Return the condition as a formula in a `row`; None where a part has none."""
        parts = [part.formula(row) for part in self.conditions]
        joint = all_of if self.type == "and" else any_of
        return None if None in parts else joint(part for part in parts if part)


def _is_text(values: Sequence[Any]) -> bool:
    return all(isinstance(item, str) for item in values)


Condition = Annotated[ColumnCondition | Nullity | Joint, Field(discriminator="type")]


class StockCheck(Check):
    """An expectation of Great Expectations; `row_condition` says which rows it is about."""

    numeric: ClassVar[bool] = False  # whether its column must hold numbers

    row_condition: Condition | None = None

    def arguments(self) -> Arguments:
        """Return the arguments that were given, for Great Expectations."""
        return self.model_dump(mode="json", exclude_unset=True)

    def filter_sql(self) -> str | None:
        """Return the condition on the rows that it is about; None for all."""
        return self.row_condition.sql() if self.row_condition else None

    def _exceptions(self, wording: Wording) -> str:
        text, share = "", getattr(self, "mostly", 1)
        if share < 1:
            text += wording.say(
                f", ở ít nhất {wording.percent(share)} số dòng",
                f", in at least {wording.percent(share)} of the rows",
            )
        if self.row_condition:
            words = wording.condition(self.row_condition.model_dump())
            text += wording.say(f" (khi {words})", f" (where {words})")
        return text

    def words(self, wording: Wording) -> Mapping[str, str]:
        """Return columns, sets, bounds and values in words, those that the text has."""
        given: Callable[[str], Any] = partial(getattr, self)
        words: dict[str, Callable[[], str]] = {
            "column": lambda: wording.column(given("column")),
            "a": lambda: wording.column(given("column_A")),
            "b": lambda: wording.column(given("column_B")),
            "columns": lambda: wording.columns(given("column_list")),
            "set": lambda: wording.values(given("value_set")),
            "one_of": lambda: wording.one_of(given("value_set")),
            "bounds": lambda: self._bounds(wording),
            "shares": lambda: self._bounds(wording, percent=True),
            "value": lambda: wording.value(given("value")),
            "threshold": lambda: wording.value(given("threshold")),
            "regex": lambda: wording.value(given("regex")),
        }
        text = self.text.get(wording.language)
        return {name: say() for name, say in words.items() if f"{{{name}}}" in text}

    def _bounds(self, wording: Wording, percent: bool = False) -> str:
        return ""

    def problems(self, dataset: Dataset, registries: Registries) -> Iterator[ArgumentProblem]:
        """Yield columns that the dataset does not have; `registries` do not matter."""
        for name in ("column", "column_A", "column_B", "column_list"):
            given = getattr(self, name, [])
            for index, item in enumerate([given] if isinstance(given, str) else given):
                at = (name, index) if isinstance(given, list) else (name,)
                yield from _unknown_column(item, at, dataset)
        yield from self._unknown_in_condition(self.row_condition, ("row_condition",), dataset)
        column = getattr(self, "column", None)
        if self.numeric and column in dataset.columns and column != NUMBER:
            yield ArgumentProblem(
                ("column",), f"{column!r} is text, and {self.type} takes numbers",
                "did you mean 'obs_value'? For text, write an unexpected_rows_expectation",
            )

    def _unknown_in_condition(
        self, part: Any, at: tuple[str | int, ...], dataset: Dataset
    ) -> Iterator[ArgumentProblem]:
        if isinstance(part, Joint):
            for index, inner in enumerate(part.conditions):
                yield from self._unknown_in_condition(inner, (*at, "conditions", index), dataset)
        elif part is not None:
            yield from _unknown_column(part.column.name, (*at, "column", "name"), dataset)


def _unknown_column(
    name: str, at: tuple[str | int, ...], dataset: Dataset
) -> Iterator[ArgumentProblem]:
    if name not in dataset.columns:
        yield ArgumentProblem(
            at, f"{dataset.id} has no column {name!r}", did_you_mean(name, dataset.columns)
        )


class StockRowCheck(StockCheck):
    """An expectation on each row, of which a share `mostly` must fulfil it."""

    dimension: ClassVar[QualityDimension] = "validity"

    mostly: Share = 1

    def broken(self) -> str | None:
        """Return the condition on a row that breaks it, NULL where it says nothing of the row.

        None: it is not computed in the common scan.
        """
        return None

    def key(self) -> tuple[str, ...]:
        """Return the columns that must be unique together; most expectations are about none."""
        return ()

    def formula(self, row: SheetRow) -> str | None:
        """Return the formula of a `row` that breaks it, where it is about the condition's rows.

        A row of which a share need not fulfil it is not told from the others.
        """
        broken = self.broken_formula(row) if self.mostly == 1 else None
        if self.row_condition is None or broken is None:
            return broken
        about = None if self.key() else self.row_condition.formula(row)
        return about and all_of([about, broken])

    def broken_formula(self, row: SheetRow) -> str | None:
        """Return the formula of `broken`, or of a repeated key, in a `row`; None: there is none."""
        key = self.key()
        # A spreadsheet takes numbers for equal that differ in the 16th digit.
        return repeated(row, key) if key and NUMBER not in key else None


class Bounds(StockCheck):
    """Bounds, included unless they are strict; at least one."""

    min_value: int | float | None = None
    max_value: int | float | None = None
    strict_min: bool = False
    strict_max: bool = False

    @model_validator(mode="after")
    def _any_bound(self) -> Self:
        if self.min_value is None and self.max_value is None:
            raise ValueError("has no bound; give `min_value`, `max_value` or both")
        if None not in (self.min_value, self.max_value) and self.min_value > self.max_value:  # type: ignore[operator]
            raise ValueError("min_value is above max_value")
        return self

    def outside(self, sql: str) -> str:
        """Return the condition that an expression is outside the bounds."""
        parts = []
        if self.min_value is not None:
            parts.append(f"{sql} {'>' if self.strict_min else '>='} {value(self.min_value)}")
        if self.max_value is not None:
            parts.append(f"{sql} {'<' if self.strict_max else '<='} {value(self.max_value)}")
        return f"NOT ({' AND '.join(parts)})"

    def outside_formula(self, number: str) -> str:
        """Return the formula that a number is outside the bounds."""
        low, high = self.min_value, self.max_value
        return outside(
            number, None if self.strict_min else low, None if self.strict_max else high,
            low if self.strict_min else None, high if self.strict_max else None,
        )

    def _bounds(self, wording: Wording, percent: bool = False) -> str:
        low, high = self.min_value, self.max_value
        return wording.bounds(
            None if self.strict_min else low, None if self.strict_max else high,
            low if self.strict_min else None, high if self.strict_max else None, percent,
        )


def one_of(column: str, values: Sequence[Scalar]) -> str:
    """Return the condition that a column is one of some values."""
    listed = ", ".join(value(item) for item in dict.fromkeys(values))
    if column == NUMBER or not all(isinstance(item, str) for item in values):
        return f"{identifier(column)} IN ({listed})"
    if len(values) <= _SHORT:
        return f"list_contains([{listed}], {identifier(column)})"
    return f"{identifier(column)} IN (SELECT unnest([{listed}]))"


def filtered(*conditions: str | None) -> str:
    """Return the FILTER clause for rows that fulfil all conditions, or nothing without any."""
    given = [f"({condition})" for condition in conditions if condition]
    return f" FILTER (WHERE {' AND '.join(given)})" if given else ""
