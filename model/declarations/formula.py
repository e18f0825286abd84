"""Formulas over the indicators of other datasets: their grammar, read into a small tree.

    people.population / people.area
    retail.retail_sales / retail.retail_sales.at(ref_area="VNM")
    sales.turnover / previous(sales.turnover) - 1

A formula is written as a Python expression and never run as one: only what is listed here is read.
Figures carry their unit, so a number is a pure number: 1 is 100 %, and no formula multiplies with
100 or 1000 to reach the unit that its indicator declares.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

MAX_LENGTH = 500  # characters

Shift = Literal["previous", "year_before"]


class FormulaError(ValueError):
    """A formula that cannot be read or does not fit its inputs; the message says why."""


@dataclass(frozen=True)
class Reference:
    """An indicator of an input, `input.indicator`.

    at: key columns that are held at a code, `.at(ref_area="VNM")`; at several, whose figures are
        added up, with `+` between them.
    shift: the period that is meant instead: the one before, or that of the year before.
    within: the sum of the areas that lie in each area.
    """

    input: str
    indicator: str
    at: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shift: Shift | None = None
    within: bool = False

    @property
    def adds(self) -> bool:
        """Whether its figures are added up."""
        return self.within or any(len(codes) > 1 for _, codes in self.at)

    def __str__(self) -> str:
        text = f"{self.input}.{self.indicator}"
        if self.at:
            fixed = ", ".join(f'{column}="{"+".join(codes)}"' for column, codes in self.at)
            text += f".at({fixed})"
        for name in filter(None, (self.within and "within", self.shift)):
            text = f"{name}({text})"
        return text


@dataclass(frozen=True)
class Number:
    """A pure number."""

    value: Fraction


@dataclass(frozen=True)
class Operation:
    """Two parts and what is done with them."""

    sign: Literal["+", "-", "*", "/"]
    left: Node
    right: Node


Node = Reference | Number | Operation

_SIGNS: dict[type[ast.operator], Literal["+", "-", "*", "/"]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
}


def parse_formula(text: str) -> Node:
    """Read a formula.

    Raises:
        FormulaError: says what stands where nothing of the kind may.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        node = _node(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, FormulaError):
            raise
        raise FormulaError(f"cannot be read: {getattr(error, 'msg', error)}") from error
    if not list(references(node)):
        raise FormulaError("names no indicator of an input, e.g. `people.population`")
    return node


def references(node: Node) -> Iterator[Reference]:
    """Yield the references of a formula, from left to right."""
    match node:
        case Reference():
            yield node
        case Operation():
            yield from references(node.left)
            yield from references(node.right)


def _node(tree: ast.expr) -> Node:
    match tree:
        case ast.Attribute(value=ast.Name(id=input_), attr=indicator):
            return Reference(input_, indicator)
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return Number(Fraction(str(number)))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("*", Number(Fraction(-1)), _node(operand))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
            return Operation(_SIGNS[type(operator)], _node(left), _node(right))
        case ast.Call(func=ast.Attribute(value=of, attr="at"), args=[], keywords=fixed) if fixed:
            return _fixed(_reference(of, "at"), fixed)
        case ast.Call(func=ast.Name(id="within"), args=[of], keywords=[]):
            return replace(_reference(of, "within"), within=True)
        case ast.Call(func=ast.Name(id=("previous" | "year_before") as shift), args=[of],
                      keywords=[]):
            return replace(_reference(of, shift), shift=shift)
    raise FormulaError(
        f"`{ast.unparse(tree)}` is no part of a formula: those are `input.indicator`, numbers,"
        ' + - * / ( ), `.at(column="code")`, previous(…), year_before(…), within(…)'
    )


def _reference(tree: ast.expr, name: str) -> Reference:
    found = _node(tree)
    if not isinstance(found, Reference):
        raise FormulaError(f"`{name}` is of an indicator of an input, not of a computed figure")
    return found


def _fixed(reference: Reference, fixed: list[ast.keyword]) -> Reference:
    at = dict(reference.at)
    for each in fixed:
        match each:
            case ast.keyword(arg=str(column), value=ast.Constant(value=str(codes))) if codes:
                at[column] = tuple(sorted({code.strip() for code in codes.split("+")}))
            case _:
                raise FormulaError('`.at` holds columns at codes: `.at(ref_area="VNM")`')
    return replace(reference, at=tuple(sorted(at.items())))
