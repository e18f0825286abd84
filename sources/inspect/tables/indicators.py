"""The indicators of a table: which column names them, what they are called, and in which unit."""

import re
from collections.abc import Mapping
from dataclasses import replace

from sources.formats.tabular.numbering import are_levels
from sources.inspect.search import InspectedColumn, Search, code_of, is_code
from sources.inspect.tables.areas import names_a_unit
from sources.inspect.tables.cells import is_number
from sources.inspect.tables.figures import VALUE
from sources.inspect.tables.placing import NUMBER
from sources.inspect.tables.titles import basis_of, language_of, name_of
from sources.inspect.tables.units import NamedUnit, unit_alone, unit_of
from sources.inspect.tables.values import numbers_of

_INDICATOR = re.compile(
    r"(indicator|series|subject|item|variable|measure|statistic\b|concept"
    r"|chi tieu|chi so|heading|table|gho)"
)
_SHARE = re.compile(r"-?(?:[01]|0?\.\d+)")
_SIDE = re.compile(r"\b(?:code|id|name|label|title)\b")
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
        and not re.search(r"\bvalue\b", column.words)
        and (column.name == given or search.codelist_of(column) is None)
        and not {text.casefold() for text in column.counts} <= {"true", "false"}
    ]
    by_unit = None if given in search.columns else _column_with_units(search)
    if by_unit is not None:
        search.indicators_of(list(by_unit.counts), by_unit.name, "likely",
                             "each of its values has a unit of its own")
        return
    if candidates:
        best = max(candidates, key=lambda column: (
            column.name == given, column.words in ("indicator", "series"),
            all(map(is_code, column.counts)), len(column.counts), -column.longest,
        ))
        search.indicators_of(list(best.counts), best.name, "likely",
                             f"its name says so; it has {len(best.counts)} values")
        return
    mixed = _column_of_units(search)
    if mixed is not None:
        search.indicators_of(list(mixed.counts), mixed.name, "likely",
                             "its rows name units of their own")
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


def _column_of_units(search: Search) -> InspectedColumn | None:
    """Return the column of labels that name several units: "Children - Mill. children"."""
    for column in search.free():
        few = 1 < len(column.counts) <= _MANY_INDICATORS and column.longest <= _LONG
        if not few or numbers_of(column.counts) is not None:
            continue
        named = [unit for text in column.counts if (unit := _unit(text))]
        if len(named) >= len(column.counts) / 2 and len({each.unit for each in named}) > 1:
            return column
    return None


def _units_column(search: Search) -> InspectedColumn | None:
    """Return the column that holds units: its name says so, or it has the headings of rows."""
    return next((
        column for column in search.columns.values()
        if any(map(unit_alone, column.counts)) and (
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

    A yearbook has a table in thousand tonnes and, below, the same table as an index. Of rows with
    numbers before them (A, I, 1), as a budget has, each is an indicator, too. Columns of figures
    are then a dimension.
    """
    found = search.found
    column = next((
        each for each in search.free() if len(each.counts) > 1 and _are_units(each)
    ), None)
    items = _items(search) if column is None else []
    column = column or next(iter(items), None)
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
    search.indicators_of(list(column.counts), column.name, "likely",
                         "its rows have numbers" if items else "these headings are units")
    for other in items:
        pairs = _pairs(column, other) or {}
        for code, label in found.indicators.items():
            words = pairs.get(label) or next(
                (each for text, each in pairs.items() if text.strip() == label), "")
            if words:
                found.names.setdefault(code, {})[language_of(words)] = name_of(words)
    for code, label in found.indicators.items():
        if unit_alone(label) and search.title and "=" not in label:
            found.names[code] = dict(search.title.names)


def _items(search: Search) -> list[InspectedColumn]:
    """Return the columns of words of a table whose rows have numbers: what the rows are."""
    if not any(name.startswith(NUMBER) for name in search.columns):
        return []
    found = [
        column for column in search.free()
        if len(column.counts) > 1 and not column.name.startswith(NUMBER)
        and numbers_of(column.counts) is None and not are_levels(list(column.counts))
    ]
    return [
        column for column in found
        if _pairs(found[0], column) is not None and len(column.counts) > len(found[0].counts) / 2
    ] if found else []


def _pairs(column: InspectedColumn, units: InspectedColumn) -> dict[str, str] | None:
    """Return the unit of each value, None where a value has several."""
    found: dict[str, str] = {}
    for text, unit in zip(column.values, units.values, strict=True):
        if text is not None and unit is not None and found.setdefault(text, unit) != unit:
            return None
    return found


def find_units(search: Search) -> None:
    """Find the unit of each indicator, at which prices, and what its numbers are multiplied with.

    Its own words come first, then a column of units, the headings of the periods, and the title.
    """
    found = search.found
    beside = _units_beside(search)
    heading = unit_alone(search.heading_unit) if search.heading_unit else None
    of_title = search.title.unit if search.title else None
    book = search.codebook_of(found.indicators.values())
    labels = book.names if book else _labels_beside(search)
    for code, label in found.indicators.items():
        words = labels.get(label.strip(), label)
        own = unit_alone(words) or unit_of(words)
        certain = own if own and own.is_certain else None
        unit = certain or beside.get(code) or heading or _likelier(own, of_title)
        if unit is not None and code not in found.unknown_units:
            found.units[code] = _of_one(unit, _figures_of(search, label))
        basis = basis_of(words) or (search.title.basis if search.title else None)
        if basis is not None:
            found.bases[code] = basis
        if code not in found.names and (labels or not is_code(words)):
            found.names[code] = {language_of(words): name_of(words)}
    _scale(search)


def _likelier(own: NamedUnit | None, of_title: NamedUnit | None) -> NamedUnit | None:
    """Return the unit of a label that is only likely to name one, under a title that may, too.

    "Number of pupils" may be a number of thousands, as the title says: its unit is proposed.
    """
    if own is None or of_title is None or not of_title.is_certain or own.unit != "count":
        return own or of_title
    return replace(of_title, is_certain=False, words=f"{own.words}; {of_title.words}")


def _figures_of(search: Search, label: str) -> list[float]:
    """Return the figures of an indicator, as far as they stand in columns of the table."""
    rule, wide = search.found.rules["indicator"], search.found.unpivot
    value = str(search.found.rules.get("obs_value", {}).get("column"))
    names = (wide or {}).get("columns", [] if wide else [value])
    of_rows = search.columns.get(str(rule.get("column")))
    if of_rows is None:
        names = [name for name in names if name == label or "const" in rule]
    found = []
    for name in names:
        cells = search.columns[name].values if name in search.columns else []
        for row, cell in enumerate(cells):
            own = of_rows is None or (of_rows.values[row] or "").strip() == label
            if cell is not None and own and _SHARE.fullmatch(cell.strip()):
                found.append(float(cell))
            elif cell is not None and own and is_number(cell):
                found.append(2.0)  # no share
    return found


def _of_one(unit: NamedUnit, figures: list[float]) -> NamedUnit:
    """Return a unit; for percentages that are stored as shares of one, as in sheets, times 100."""
    exact = any(figure != round(figure, 3) for figure in figures)
    if unit.unit != "percent" or not exact or max(map(abs, figures)) > 1:
        return unit
    return replace(
        unit, factor=100.0, is_certain=False,
        words=f"{unit.words}; {figures[0]:.4g} is taken as a share of one, {figures[0]:.2%}",
    )


def _labels_beside(search: Search) -> Mapping[str, str]:
    """Return what a column of labels calls the codes of the indicators; nothing without one.

    It is called as the column of codes, but for the words that tell both apart.
    """
    column = search.columns.get(str(search.found.rules.get("indicator", {}).get("column")))
    if column is None or not all(map(is_code, column.counts)):
        return {}
    called = _SIDE.sub("", column.words).strip()
    for other in search.columns.values():
        if other is column or _SIDE.sub("", other.words).strip() != called:
            continue
        pairs = _pairs(column, other)
        if pairs and not all(map(is_code, pairs.values())):
            return {code.strip(): label.strip() for code, label in pairs.items()}
    return {}


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
        code = rule.get("map", {}).get(text.strip(), text.strip())
        if named is not None:
            found[code] = named
        else:
            search.found.unknown_units[code] = words.strip()
    return found


def _scale(search: Search) -> None:
    """Declare what the numbers are multiplied with, for all indicators or for each."""
    found = search.found
    factors = {code: found.units[code].factor if code in found.units else 1.0
               for code in found.indicators}
    value = found.rules.get("obs_value")
    if value is None or set(factors.values()) == {1.0}:
        return
    examples = ", ".join(
        f"{found.units[code].words!r} is {found.units[code].unit} times {factor:g}"
        for code, factor in [each for each in factors.items() if each[1] != 1][:3]
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
    found.note("scale", "", "likely", f"the source's unit is larger or smaller: {examples}")
