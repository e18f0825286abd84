"""The indicators of a table: which column names them, what they are called, and in which unit."""

import re
from collections.abc import Mapping

from sources.inspect.search import InspectedColumn, Search, code_of, is_code
from sources.inspect.tables.areas import names_a_unit
from sources.inspect.tables.figures import VALUE
from sources.inspect.tables.titles import language_of, name_of
from sources.inspect.tables.units import NamedUnit, unit_alone, unit_of
from sources.inspect.tables.values import numbers_of

_INDICATOR = re.compile(
    r"(indicator|series|subject|item|variable|measure|concept|chi tieu|chi so|heading|table|gho)"
)
_MANY_INDICATORS = 2_000
_LONG = 150  # characters: notes, no names


def find_indicator(search: Search) -> None:
    """Find the column that names the indicators, or name the only one after the table's title."""
    given = search.given.get("indicator")
    candidates = [
        column for column in search.free()
        if column.counts and not names_a_unit(column.words) and not _are_units(column) and (
            column.name == given or (not given and _INDICATOR.search(column.words)))
        and len(column.counts) <= _MANY_INDICATORS and column.longest <= _LONG
        and (column.name == given or search.codelist_of(column) is None)
    ]
    by_unit = None if given in search.columns else _column_with_units(search)
    if by_unit is not None:
        search.indicators_of(list(by_unit.counts), by_unit.name, "likely",
                             "each of its values has a unit of its own")
        return
    if candidates:
        best = max(candidates, key=lambda column: (
            column.name == given, all(map(is_code, column.counts)), len(column.counts),
            -column.longest,
        ))
        search.indicators_of(list(best.counts), best.name, "likely",
                             f"its name says so; it has {len(best.counts)} values")
        return
    value = search.found.rules.get("obs_value", {}).get("column", "")
    is_named = value in search.columns and not VALUE.match(search.columns[value].words)
    names = search.title.names if search.title else {}
    words = value if is_named else names.get("en") or names.get("vi") or search.name
    code = code_of(search.name if names and not is_named else words)
    search.found.rules["indicator"] = {"const": code}
    search.found.indicators = {code: words.replace("_", " ")}
    if names and not is_named:
        search.found.names[code] = dict(names)
    why = "the title names it" if names and not is_named else "named so"
    search.found.note("indicator", code, "likely", f"the table has one figure only, {why}")


def _column_with_units(search: Search) -> InspectedColumn | None:
    """Return the column whose values have one unit each, of several in a column of units."""
    units = _units_column(search)
    if units is None or len(units.counts) < 2:
        return None
    found = [
        column for column in search.free()
        if 1 < len(column.counts) <= _MANY_INDICATORS and column.longest <= _LONG
        and column is not units and numbers_of(column.counts) is None
        and _pairs(column, units) is not None
    ]
    return min(found, key=lambda column: len(column.counts), default=None)


def _units_column(search: Search) -> InspectedColumn | None:
    """Return the column that holds units: its name says so, or it has the headings of rows."""
    return next((
        column for column in search.columns.values()
        if column.counts and unit_alone(next(iter(column.counts))) is not None and (
            names_a_unit(column.words) or _are_units(column))
    ), None)


def _are_units(column: InspectedColumn) -> bool:
    """Whether rows that stand over others are their units: "Nghìn tấn - Thous. tons"."""
    return column.name.startswith("heading") and all(
        _unit(text) is not None for text in column.counts
    )


def _unit(text: str) -> NamedUnit | None:
    """Return the unit that a label is, or names beyond doubt."""
    named = unit_alone(text) or unit_of(text)
    return named if named and named.is_certain else None


def take_measures(search: Search) -> None:
    """Take headings that are units as the indicators: the figure itself, and its growth.

    A yearbook has a table in thousand tonnes and, below, the same table as an index. Columns of
    figures are then a dimension.
    """
    found = search.found
    column = next((
        each for each in search.free() if len(each.counts) > 1 and _are_units(each)
    ), None)
    if column is None:
        return
    labels = list(found.indicators.values())
    if labels:
        rule = found.rules.pop("indicator")
        name = search.dimension_name(search.dimension_of_title() or "category")
        found.indicators = {}
        found.notes.pop("indicator", None)
        search.take(name, rule["column"])
        found.dimensions[name] = None
        found.note(name, rule["column"], "likely", f"the {len(labels)} columns of figures")
    search.indicators_of(list(column.counts), column.name, "likely", "these headings are units")
    for code, label in found.indicators.items():
        if unit_alone(label) and search.title and "=" not in label:
            found.names[code] = dict(search.title.names)


def _pairs(column: InspectedColumn, units: InspectedColumn) -> dict[str, str] | None:
    """Return the unit of each value, None where a value has several."""
    found: dict[str, str] = {}
    for text, unit in zip(column.values, units.values, strict=True):
        if text is not None and unit is not None and found.setdefault(text, unit) != unit:
            return None
    return found


def find_units(search: Search) -> None:
    """Find the unit of each indicator, and what its numbers are multiplied with to be in it.

    Its own words come first, then a column of units, the headings of the periods, and the title.
    """
    found = search.found
    beside = _units_beside(search)
    heading = unit_alone(search.heading_unit) if search.heading_unit else None
    of_title = search.title.unit if search.title else None
    book = search.codebook_of(found.indicators.values())
    for code, label in found.indicators.items():
        words = book.names[label.strip()] if book else label
        own = unit_alone(words) or unit_of(words)
        certain = own if own and own.is_certain else None
        unit = certain or beside.get(code) or heading or own or of_title
        if unit is not None:
            found.units[code] = unit
        if code not in found.names and (book or not is_code(words)):
            found.names[code] = {language_of(words): name_of(words)}
    _scale(search)


def _units_beside(search: Search) -> Mapping[str, NamedUnit]:
    """Return the units that a column of units names, by the codes of the indicators."""
    units = _units_column(search)
    if units is None:
        return {}
    search.used.add(units.name)
    rule = search.found.rules["indicator"]
    if len(units.counts) == 1:
        one = unit_alone(next(iter(units.counts)))
        return dict.fromkeys(search.found.indicators, one) if one else {}
    column = search.columns.get(str(rule.get("column")))
    pairs = _pairs(column, units) if column is not None else None
    found = {}
    for text, words in (pairs or {}).items():
        named = unit_alone(words)
        if named is not None:
            found[rule.get("map", {}).get(text.strip(), text.strip())] = named
    return found


def _scale(search: Search) -> None:
    """Declare what the numbers are multiplied with, for all indicators or for each."""
    found = search.found
    factors = {code: found.units[code].factor if code in found.units else 1.0
               for code in found.indicators}
    value = found.rules.get("obs_value")
    if value is None or set(factors.values()) == {1.0}:
        return
    shown = ", ".join(
        f"{found.units[code].words!r} is {found.units[code].unit} times {factor:g}"
        for code, factor in list(factors.items())[:3] if factor != 1
    )
    if len(set(factors.values())) == 1:
        value["scale"] = next(iter(factors.values()))
    else:
        rule = found.rules["indicator"]
        labels = {code: label for label, code in rule.get("map", {}).items()}
        value["scale_by"] = {
            "column": rule["column"],
            "map": {labels.get(code, code): factor for code, factor in factors.items()},
        }
    found.note("scale", "", "likely", f"the source's unit is larger or smaller: {shown}")
