"""The role of each column of a table: area, period, indicator, value, dimension."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pyarrow as pa

from model.declarations.dataset import AFTER_DIMENSIONS, BEFORE_DIMENSIONS
from model.declarations.source import ColumnRule
from model.reference.codelist import Codelist
from model.util.text import slug
from sources.inspect.finding import Certainty
from sources.inspect.search import InspectedColumn, Roles, Search, code_of, is_code
from sources.inspect.tables.areas import Areas, areas_of, is_confirmed, names_a_unit
from sources.inspect.tables.figures import VALUE, find_figures, find_wide
from sources.inspect.tables.values import PeriodColumn, periods_of

_TIME = re.compile(r"#?(year|time|date|period|month|quarter|nam|ngay|thang|quy|ky|tg)")
_INDICATOR = re.compile(
    r"(indicator|series|subject|item|variable|measure|concept|chi tieu|chi so|heading|table|gho)"
)
_YEAR_IN_NAME = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MANY_INDICATORS = 2_000
_LONG = 150  # characters: notes, no names
_TRIED = 12  # columns that are tried as dimensions
_LOST = 0.01  # share of rows quarantined that a declaration allows without a word


def roles_of(
    table: pa.Table, defaults: Mapping[str, ColumnRule], codelists: Mapping[str, Codelist],
    name: str, file: str,
) -> Roles:
    """Find the roles of the columns of a table.

    Args:
        table: from a reader, without its position fields.
        defaults: the connector's own column rules.
        codelists: all of them.
        name: of the dataset, for an indicator that the table does not name.
        file: the name of the file, for a year that the table does not name.
    """
    columns = {each: InspectedColumn.of(each, table.column(each)) for each in table.column_names}
    given = {
        concept: str(rule.column) for concept, rule in defaults.items() if rule.column in columns
    }
    search = Search(columns, codelists, given, name, file)
    wide = find_wide(search)
    if not wide:
        _find_time(search)
    _find_area(search)
    if not wide:
        find_figures(search)
    if not search.found.indicators:
        _find_indicator(search)
    _find_dimensions(search)
    return search.found


def _find_time(search: Search) -> None:
    given = search.given.get("time_period")
    best: tuple[float, InspectedColumn, PeriodColumn] | None = None
    for place, column in enumerate(search.columns.values()):
        if given and column.name != given:
            continue
        periods = periods_of(column.counts)
        is_named = _TIME.match(column.words) is not None or column.name == given
        if periods is None or (not is_named and not _is_of_years(column, periods)):
            continue
        if not is_named and len(column.counts) < 2:
            continue
        is_fine = bool({"D", "M", "Q"} & periods.frequencies.keys())
        score = 2.0 * is_named + is_fine + len(column.counts) / 1e6 - place / 1e4
        if best is None or score > best[0]:
            best = score, column, periods
    if best is None:
        _take_year_of_name(search)
        return
    _, column, periods = best
    more = {} if periods.format == "auto" else {"format": periods.format}
    search.take("time_period", column.name, **more)
    is_named = _TIME.match(column.words) is not None
    sure: Certainty = periods.certainty if is_named or periods.certainty == "unsure" else "likely"
    shown = column.name + (f" as {periods.format}" if more else "")
    search.found.note("time_period", shown, sure, periods.why)
    search.frequency_of(periods)


def _is_of_years(column: InspectedColumn, periods: PeriodColumn) -> bool:
    """Whether periods are years, not figures that look like years."""
    if periods.frequencies.keys() != {"A"}:
        return True
    years = [int(text) for text in column.counts if text.strip().isdecimal()]
    return not years or (min(years) >= 1900 and max(years) <= 2100)


def _take_year_of_name(search: Search) -> None:
    years = set(_YEAR_IN_NAME.findall(search.file))
    if len(years) != 1:
        search.found.note("time_period", "", "unsure", "no column holds time periods")
        return
    year = str(years.pop())
    search.last = year
    search.found.rules["time_period"] = {"const": year}
    search.found.frequency = "A"
    search.found.note("time_period", year, "unsure",
                      "no column holds time periods; this year is in the file's name")


def _find_area(search: Search) -> None:
    given = search.given.get("ref_area")
    best: tuple[float, InspectedColumn, Areas] | None = None
    for column in search.free():
        if (given and column.name != given) or names_a_unit(column.words):
            continue
        areas = areas_of(column.name, column.counts, search.codelists, search.last)
        if areas is None:
            continue
        # The finest of the areas; and the code rather than the name.
        length = sum(map(len, column.counts)) / len(column.counts)
        covered = areas.known / max(1, len(column.values))
        score = round(covered * 20) + len(column.counts) / 1e5 - length / 1e8
        if best is None or score > best[0]:
            best = score, column, areas
    found = search.found
    if best is None:
        found.rules["ref_area"] = {"const": "48"}
        found.codelist = "vn_province_2008"
        found.note("ref_area", "48", "unsure",
                   "no column names areas: is the whole table about Da Nang?")
        return
    _, column, areas = best
    search.take("ref_area", column.name)
    found.codelist = areas.codelist
    vintage = search.codelists[areas.codelist].vintage
    why = f"{areas.known:,} of {areas.filled:,} values are in {areas.codelist} ({vintage})"
    if areas.unknown:
        shown = ", ".join(repr(text) for text, _ in areas.unknown.most_common(5))
        why += f"; not {shown}: these rows are quarantined"
    if areas.rivals:
        why += f"; {', '.join(areas.rivals)} know as many"
    rows = {name: each.values for name, each in search.columns.items()}
    codelist = search.codelists[areas.codelist]
    sure = _sure(areas)
    if not given and not is_confirmed(column.name, rows, column.counts, codelist):
        sure = "unsure"
        why += "; other lists have such codes, and neither a name nor a second column confirms them"
    found.note("ref_area", column.name, sure, why)
    lost = areas.unknown.total() / max(1, len(column.values))
    if lost > _LOST:
        found.tolerance = max(found.tolerance or 0, min(1.0, round(lost * 1.2 + 0.01, 2)))


def _sure(areas: Areas) -> Certainty:
    if areas.share >= 0.98 and not areas.rivals:
        return "certain"
    return "likely" if areas.share >= 0.9 else "unsure"


def _find_indicator(search: Search) -> None:
    given = search.given.get("indicator")
    candidates = [
        column for column in search.free()
        if column.counts and (
            column.name == given or (not given and _INDICATOR.search(column.words)))
        and len(column.counts) <= _MANY_INDICATORS and column.longest <= _LONG
        and (column.name == given or search.codelist_of(column) is None)
    ]
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
    words = value if is_named else search.name
    code = code_of(words)
    search.found.rules["indicator"] = {"const": code}
    search.found.indicators = {code: words.replace("_", " ")}
    search.found.note("indicator", code, "likely", "the table has one figure only, named so")


def _find_dimensions(search: Search) -> None:
    """Find the columns without which observations would share their key."""
    rules = search.found.rules
    concepts = ("ref_area", "time_period", "indicator", "obs_value")
    named = [str(rules.get(concept, {}).get("column")) for concept in concepts]
    needed = [search.columns[name] for name in named if name in search.columns]
    key = [column for column in needed if column.name != named[-1]]
    height = max((len(column.values) for column in search.columns.values()), default=0)
    rows = [
        row for row in range(height) if all(column.values[row] is not None for column in needed)
    ]
    free = [column for column in search.free() if len(column.counts) > 1]
    free.sort(key=lambda column: (len(column.counts), column.longest))
    chosen: Sequence[InspectedColumn] = ()
    doubled = _doubled(key, (), rows)
    for size in (1, 2, 3):
        for some in combinations(free[:_TRIED], size):
            left = _doubled(key, some, rows) if doubled else 0
            if left < doubled:
                chosen, doubled = some, left
    for column in chosen:
        _take_dimension(search, column)
    if doubled:
        search.found.note("key", ", ".join(column.name for column in key), "unsure",
                          f"{doubled} rows share area, period, indicator and dimensions")


def _doubled(
    key: Sequence[InspectedColumn], more: Sequence[InspectedColumn], rows: Sequence[int]
) -> int:
    """Return how many rows share their key with an earlier one."""
    parts = [column.values for column in (*key, *more)]
    return len(rows) - len({tuple(part[row] for part in parts) for row in rows})


def _take_dimension(search: Search, column: InspectedColumn) -> None:
    name = slug(column.name).replace("-", "_")[:55] or "kind"
    reserved = (*BEFORE_DIMENSIONS, *AFTER_DIMENSIONS)
    if name in reserved or not re.fullmatch("[a-z][a-z0-9_]+", name):
        name = f"by_{name}"
    codelist = search.codelist_of(column)
    blanks = sum(value is None for value in column.values)
    why = f"without it observations would share their key; it has {len(column.counts)} values"
    more: dict[str, Any] = {}
    if codelist:
        why += f", all of them in {codelist}"
    if blanks:
        more["map"] = {"": "_T"}
        why += f"; {blanks} blanks are taken as the total"
    search.take(name, column.name, **more)
    search.found.dimensions[name] = codelist
    search.found.note(name, column.name, "likely" if codelist else "unsure", why)
