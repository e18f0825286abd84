"""Formulas as SQL over the inputs: each row has its value, its bounds, and the cells it is from.

Each input is a table of its name, see `inputs`; `cell` numbers its rows over all inputs. Figures
are brought to base quantities by the factor of their unit and, at the end, to the declared unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from model.declarations.computed import AREA, PERIOD, Typing, scale_of
from model.declarations.dataset import Dataset
from model.declarations.formula import (
    Node,
    Number,
    Operation,
    Reference,
    parse_formula,
    references,
)
from model.reference.registries import Registries
from model.util.sql import identifier, literal

SHIFTED = "shifted_periods"  # period, what is `previous` of, what it is the `year_before` of
_NOT_ADDED = ("other", "former")  # kinds of entries that are no areas


def formula_query(typing: Typing, code: str) -> str:
    """Return the SELECT that computes an indicator: key, value, lower_bound, upper_bound, cells.

    `typing` has the dataset, its inputs and the registries; `code` is the indicator's.
    """
    dataset = typing.dataset
    indicator = dataset.indicators[code]
    node = parse_formula(indicator.formula or "")
    found = {each: f"r{number}" for number, each in enumerate(dict.fromkeys(references(node)))}
    # The one with most columns first: the others are joined to what it has.
    order = sorted(found, key=lambda each: -len(typing.free_columns(each)))
    having: dict[str, str] = {}
    joins: list[str] = []
    for each in order:
        alias, free = found[each], typing.free_columns(each)
        on = [f"{alias}.{identifier(c)} = {having[c]}" for c in free if c in having]
        joins.append(
            f"({_reference_query(typing, each)}) AS {alias}"
            + (f" ON {' AND '.join(on)}" if on else " ON true" if joins else "")
        )
        having |= {c: f"{alias}.{identifier(c)}" for c in free if c not in having}
    unit = typing.registries.units[indicator.unit].quantity
    value = Operation("/", node, Number(unit.factor if unit else Fraction(1)))
    bounds = indicator.interval is not None
    low, high = _bounds(value, found) if bounds else ("NULL", "NULL")
    key = [f"{having[column]} AS {identifier(column)}" for column in (
        AREA, PERIOD, *dataset.dimensions
    )]
    cells = "list_distinct(flatten([" + ", ".join(f"{a}.cells" for a in found.values()) + "]))"
    return (
        f"SELECT {literal(code)} AS indicator, {', '.join(key)}, {_value(value, found)} AS value,"
        f" {low} AS lower_bound, {high} AS upper_bound, {cells} AS cells,"
        f" {_footnotes(dataset, found)} AS footnotes FROM {' JOIN '.join(joins)}"
    )


def _footnotes(dataset: Dataset, found: Iterable[Reference]) -> str:
    named = sorted({
        note for each in found if (note := dataset.inputs[each.input].reconstruction)
    })
    return literal(" ".join(named)) if named else "CAST(NULL AS VARCHAR)"


def input_query(typing: Typing, name: str, path: str, number: int) -> str:
    """Return the SELECT of the table of an input: the columns of its release's file, and `cell`.

    Only figures in the declared units, of areas with the borders of the input's codelist, are of
    the type that was checked; others are left out. Under a reconstruction, areas are those that
    the earlier ones became, with `cells` for the figures that were added up.

    Args:
        typing: has the dataset, its inputs and the registries.
        name: of the input.
        path: of the release's `data.parquet`.
        number: of the input, from 0.
    """
    other = typing.inputs[name]
    units = ", ".join(
        f"({literal(code)}, {literal(each.unit)})" for code, each in other.indicators.items()
    )
    vintage = typing.registries.codelists[other.geography.codelist].vintage
    bounds = ", ".join(
        f"CAST({column if _has_bounds(other) else 'NULL'} AS DOUBLE) AS {column}"
        for column in ("lower_bound", "upper_bound")
    )
    dimensions = "".join(f"{identifier(each)}, " for each in other.dimensions)
    return (
        f"SELECT indicator, {AREA}, {dimensions}{PERIOD}, obs_value, unit_measure, {bounds},"
        f" obs_status, CAST({number} AS BIGINT) << 40 | file_row_number AS cell"
        f" FROM read_parquet({literal(path)}, file_row_number = true)"
        f" WHERE geo_vintage = {literal(vintage)} AND (indicator, unit_measure) IN ({units})"
    )


def _has_bounds(dataset: Dataset) -> bool:
    return any(each.interval for each in dataset.indicators.values())


def reconstruction_query(typing: Typing, name: str, *codes: str) -> str:
    """Return the SELECT that adds up the areas of the input `name` to those that they became.

    `typing` has the dataset and the registries; `codes` are the indicators, all that add up by
    default. A sum needs every part: where one has no figure, there is none. Areas with a part that
    was split between several have no figures.
    """
    other = typing.inputs[name]
    pairs = _succession_pairs(
        other.geography.codelist, typing.dataset.geography.codelist, typing.registries
    )
    additive = codes or [
        code for code in other.indicators if typing.adds_up(Reference(name, code))
    ]
    dimensions = [identifier(each) for each in other.dimensions]
    key = ", ".join(["indicator", *dimensions, PERIOD])
    chosen = ", ".join(map(literal, additive)) or "NULL"
    return (
        f"SELECT {key}, area AS {AREA}, any_value(unit_measure) AS unit_measure,"
        f" {_sums('any_value(parts)')} FROM {identifier(name)} JOIN ({_values(pairs)})"
        f" AS areas(part, area, parts) ON {AREA} = part WHERE indicator IN ({chosen})"
        f" GROUP BY {key}, area HAVING count(*) = any_value(parts)"
    )


def _succession_pairs(old: str, new: str, registries: Registries) -> list[tuple[str, str, int]]:
    """Return each area of `old`, what it became in `new`, and how many became that.

    The country stays itself: borders inside it moved. Left out is what has a part that was split.
    """
    succession = registries.successions[old]
    lists = [registries.codelists[each] for each in (old, new)]
    found = [
        (part, area, len(parts))
        for area, parts in sorted(succession.predecessors.items())
        if all(len(succession.successors[part]) == 1 for part in parts)
        for part in sorted(parts)
    ]
    countries = [{e.code for e in each.entries if e.kind == "country"} for each in lists]
    named = countries[0] & countries[1] - succession.successors.keys()
    return [*found, *((code, code, 1) for code in sorted(named))]


def _sums(parts: str) -> str:
    """Return what a sum of rows has: no value where one of them has none."""
    sums = ", ".join(
        f"CASE WHEN count({column}) = {parts} THEN sum({column} ORDER BY cell) END AS {column}"
        for column in ("obs_value", "lower_bound", "upper_bound")
    )
    return f"{sums}, list(cell ORDER BY cell) AS cells"


def _values(rows: Iterable[Sequence[object]]) -> str:
    """Return rows of texts and numbers as SQL."""
    texts = [
        "(" + ", ".join(literal(v) if isinstance(v, str) else str(v) for v in row) + ")"
        for row in rows
    ]
    return f"VALUES {', '.join(texts)}"


def _reference_query(typing: Typing, reference: Reference) -> str:
    """Return the SELECT of a reference: its open key columns, v, lo and hi, and cells."""
    name, code, meaning = reference.input, reference.indicator, typing.indicator(reference)
    reconstructed = typing.dataset.inputs[name].reconstruction is not None
    source = f"({reconstruction_query(typing, name, code)})" if reconstructed else identifier(name)
    conditions = [f"indicator = {literal(code)}"]
    parts = 1
    for column, codes in reference.at:
        conditions.append(f"{identifier(column)} IN ({', '.join(map(literal, codes))})")
        parts *= len(codes)
    free = list(typing.free_columns(reference))
    key = {column: identifier(column) for column in free}
    count = str(parts)
    joined = ""
    if reference.within:
        areas = _values(_children(typing))
        joined = f" JOIN ({areas}) AS areas(part, area, parts) ON {AREA} = part"
        count = f"any_value(parts) * {parts}"
        key[AREA] = "area"
    if reference.shift:
        joined += f" JOIN {SHIFTED} ON {PERIOD} = {SHIFTED}.period"
        conditions.append(f"{SHIFTED}.{reference.shift} IS NOT NULL")
        key[PERIOD] = f"{SHIFTED}.{reference.shift}"
    if AREA in key and (wanted := typing.dataset.inputs[name].areas):
        conditions.append(f"{key[AREA]} IN ({', '.join(map(literal, wanted))})")
    named = "".join(f"{sql} AS {identifier(column)}, " for column, sql in key.items())
    where = " AND ".join(conditions)
    if reference.adds:
        # Over a reconstruction the rows are sums already, with several cells each.
        sums = _sums(count) if not reconstructed else _sums(count).replace(
            "list(cell ORDER BY cell)", "flatten(list(cells ORDER BY cells))"
        ).replace("ORDER BY cell)", "ORDER BY cells)")
        group = ", ".join(key.values())
        inner = (
            f"SELECT {named}{sums} FROM {source}{joined} WHERE {where}"
            + (f" GROUP BY {group}" if group else "") + f" HAVING count(*) = {count}"
        )
    else:
        cells = "cells" if reconstructed else "[cell] AS cells"
        inner = (
            f"SELECT {named}obs_value, lower_bound, upper_bound, {cells}"
            f" FROM {source}{joined} WHERE {where}"
        )
    scale = _number(scale_of(reference, typing))
    low, high = ("lower_bound", "upper_bound") if meaning.interval else ("obs_value", "obs_value")
    outer = "".join(f"{identifier(column)}, " for column in free)
    return (
        f"SELECT {outer}obs_value * {scale} AS v, {low} * {scale} AS lo, {high} * {scale} AS hi,"
        f" cells FROM ({inner})"
    )


def _children(typing: Typing) -> list[tuple[str, str, int]]:
    """Return each area, what it lies in, and how many lie in that."""
    entries = typing.registries.codelists[typing.dataset.geography.codelist].entries
    inside: dict[str, list[str]] = {}
    for area in entries:
        if area.parent and area.kind not in _NOT_ADDED:
            inside.setdefault(area.parent, []).append(area.code)
    return [(c, parent, len(codes)) for parent, codes in inside.items() for c in codes]


def _number(value: Fraction) -> str:
    return f"CAST({float(value)!r} AS DOUBLE)"


def _value(node: Node, found: Mapping[Reference, str]) -> str:
    match node:
        case Reference():
            return f"{found[node]}.v"
        case Number():
            return _number(node.value)
        case Operation("/", left, right):
            return f"({_value(left, found)} / nullif({_value(right, found)}, 0))"
        case Operation(sign, left, right):
            return f"({_value(left, found)} {sign} {_value(right, found)})"
    raise AssertionError(node)


def _bounds(node: Node, found: Mapping[Reference, str]) -> tuple[str, str]:
    """Return the bounds of a formula by interval arithmetic (Moore 1966)."""
    match node:
        case Reference():
            return f"{found[node]}.lo", f"{found[node]}.hi"
        case Number():
            return _number(node.value), _number(node.value)
        case Operation(sign, left, right):
            one, other = _bounds(left, found), _bounds(right, found)
            if sign == "+":
                return f"({one[0]} + {other[0]})", f"({one[1]} + {other[1]})"
            if sign == "-":
                return f"({one[0]} - {other[1]})", f"({one[1]} - {other[0]})"
            corners = ", ".join(f"{a} {sign} {b}" for a in one for b in other)
            low, high = f"list_min([{corners}])", f"list_max([{corners}])"
            # Unknown where a bound is, and where the divisor can be 0.
            known = " AND ".join(f"{each} IS NOT NULL" for each in (*one, *other))
            if sign == "/":
                known += f" AND ({other[0]} > 0 OR {other[1]} < 0)"
            return f"(CASE WHEN {known} THEN {low} END)", f"(CASE WHEN {known} THEN {high} END)"
    raise AssertionError(node)
