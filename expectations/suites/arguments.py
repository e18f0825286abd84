"""Are the arguments of an expectation right? Checked without Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from expectations.checks.kinds import BOUNDS, KINDS, NUMERIC
from expectations.suites.probe import regex_problem
from model.declarations.dataset import Dataset
from model.declarations.yaml_file import KeyPath
from model.util.text import did_you_mean

_IGNORE_ROWS = {
    "expect_column_pair_values_a_to_be_greater_than_b": "pair",
    "expect_column_pair_values_to_be_equal": "pair",
    "expect_column_pair_values_to_be_in_set": "pair",
}
_IGNORE = {
    "pair": ("both_values_are_missing", "either_value_is_missing", "neither"),
    "list": ("all_values_are_missing", "any_value_is_missing", "never"),
}
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN")


@dataclass(frozen=True)
class Problem:
    """What is wrong with an argument, where in `kwargs`, and the advice."""

    at: KeyPath
    what: str
    todo: str = ""


def problems(kind: str, kwargs: dict[str, Any], dataset: Dataset) -> Iterator[Problem]:
    """Yield what is wrong with the arguments of an expectation of a known kind."""
    known = KINDS[kind]
    for name, value in kwargs.items():
        if name not in known.arguments:
            yield Problem(
                (name,), f"{kind} has no argument {name!r}",
                did_you_mean(name, known.arguments) or "remove it",
            )
        elif name == "ignore_row_if":
            allowed = _IGNORE[_IGNORE_ROWS.get(kind, "list")]
            if value not in allowed:
                yield Problem((name,), f"{name} {value!r} is unknown", did_you_mean(
                    str(value), allowed))
        else:
            yield from _CHECKS[name](name, value, dataset)
    for name in known.required:
        if name not in kwargs:
            yield Problem((), f"{kind} needs the argument {name!r}", "add it to kwargs")
    if BOUNDS[0] in known.arguments and not {"min_value", "max_value"} & set(kwargs):
        yield Problem((), f"{kind} has no bound", "give `min_value`, `max_value` or both")
    column = kwargs.get("column")
    if kind in NUMERIC and column in dataset.columns and column != "obs_value":
        yield Problem(
            ("column",), f"{column!r} is text, and {kind} takes numbers",
            "did you mean 'obs_value'? For text, write an unexpected_rows_expectation",
        )


Check = Callable[[str, Any, Dataset], Iterator[Problem]]


def _column(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if value not in dataset.columns:
        yield Problem(
            (name,), f"{dataset.id} has no column {value!r}",
            did_you_mean(str(value), dataset.columns),
        )


def _column_list(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if not isinstance(value, list) or len(value) < 2:
        yield Problem((name,), f"{name} is not a list of two columns or more", "write [a, b]")
        return
    for index, item in enumerate(value):
        for problem in _column(name, item, dataset):
            yield Problem((name, index), problem.what, problem.todo)


def _scalars(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if not isinstance(value, list) or not value:
        yield Problem((name,), f"{name} is not a list of values", "write [a, b]")
    elif any(not isinstance(item, str | int | float) for item in value):
        yield Problem((name,), f"{name} has something else than text and numbers", "see the list")


def _pairs(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if not isinstance(value, list) or not value or any(
        not isinstance(item, list) or len(item) != 2 for item in value
    ):
        yield Problem((name,), f"{name} is not a list of pairs", "write [[a, b], [c, d]]")


def _share(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        yield Problem((name,), f"{name} is not a share (got {value!r})", "write e.g. 0.95")


def _number(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem((name,), f"{name} is not a number (got {value!r})", "write e.g. 10")


def _truth(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem((name,), f"{name} is not true or false (got {value!r})", "write true")


def _regex(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem((name,), f"{name} is not text (got {value!r})", "write it between quotes")
        return
    problem = regex_problem(value)
    if problem:
        yield Problem((name,), f"{name} cannot be read: {problem}", "mend the regular expression")


def _query(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    """Only its type: expectations.suites.probe looks at what it says."""
    if not isinstance(value, str):
        yield Problem((name,), f"{name} is not text", "write SELECT * FROM {batch} WHERE ...")


def _condition(name: str, value: Any, dataset: Dataset) -> Iterator[Problem]:
    for problem in _condition_part(value, dataset, 0):
        yield Problem((name, *problem.at), problem.what, problem.todo)


def _condition_part(value: Any, dataset: Dataset, depth: int) -> Iterator[Problem]:
    kinds = ("comparison", "nullity", "and", "or")
    if not isinstance(value, dict) or value.get("type") not in kinds or depth > 3:
        yield Problem((), "is no condition of Great Expectations", (
            "write e.g. {type: comparison, column: {name: indicator}, operator: ==, parameter: X}"
        ))
        return
    if value["type"] in ("and", "or"):
        parts = value.get("conditions")
        if not isinstance(parts, list) or not parts:
            yield Problem((), "has no list of `conditions`", "add it")
            return
        for index, part in enumerate(parts):
            for problem in _condition_part(part, dataset, depth + 1):
                yield Problem(("conditions", index, *problem.at), problem.what, problem.todo)
        return
    column = value.get("column")
    if not isinstance(column, dict) or set(column) != {"name"}:
        yield Problem((), "names no column", "write `column: {name: indicator}`")
    else:
        for problem in _column("name", column["name"], dataset):
            yield Problem(("column", *problem.at), problem.what, problem.todo)
    if value["type"] == "nullity":
        if not isinstance(value.get("is_null"), bool):
            yield Problem((), "does not say `is_null: true` or `false`", "add it")
    elif value.get("operator") not in _OPERATORS:
        operator = str(value.get("operator"))
        yield Problem((), f"the operator {operator!r} is unknown", did_you_mean(
            operator, _OPERATORS))
    elif value.get("parameter") is None:
        yield Problem((), "has no `parameter`", "add it")
    elif (value["operator"] in ("IN", "NOT_IN")) != isinstance(value["parameter"], list):
        yield Problem((), "IN and NOT_IN take a list, the others one value", "see `parameter`")


_CHECKS: dict[str, Check] = {
    "column": _column, "column_A": _column, "column_B": _column, "column_list": _column_list,
    "value_set": _scalars, "value_pairs_set": _pairs, "mostly": _share,
    "min_value": _number, "max_value": _number, "strict_min": _truth, "strict_max": _truth,
    "value": _number, "threshold": _number, "double_sided": _truth,
    "or_equal": _truth, "ties_okay": _truth, "regex": _regex, "row_condition": _condition,
    "unexpected_rows_query": _query,
}
