"""The role of each column of a table: area, period, indicator, value, dimension."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pyarrow as pa

from model.declarations.source import ColumnRule
from model.errors import ReadError
from model.reference.codelist import TOTAL, Codelist
from model.util.text import fold
from sources.inspect.attributes import take_attributes, take_bounds
from sources.inspect.codebooks import Codebook
from sources.inspect.finding import Certainty
from sources.inspect.search import Form, InspectedColumn, Roles, Search
from sources.inspect.tables.areas import (
    Areas,
    areas_of,
    codes_in,
    is_confirmed,
    knows,
    likely_areas,
    names_a_unit,
    names_an_area,
)
from sources.inspect.tables.figures import find_figures, find_wide, has_decimals, is_running
from sources.inspect.tables.headings import are_parts_of_year
from sources.inspect.tables.indicators import find_indicator, find_units, take_measures
from sources.inspect.tables.placing import NUMBER
from sources.inspect.tables.titles import TableTitle
from sources.inspect.tables.values import PeriodColumn, part_of_year_in, periods_of

_TIME = re.compile(r"#?(year|time|date|period|month|quarter|nam|ngay|thang|quy|ky|tg)")
_YEAR_IN_NAME = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_LISTED = 10  # areas, at least, of a list beside others
_TRIED = 12  # columns that are tried as dimensions
_ENOUGH = 0.9  # share of rows whose area is known, where the concept says that it is one
_LOST = 0.01  # share of rows quarantined that a declaration allows without a word


def roles_of(
    table: pa.Table, defaults: Mapping[str, ColumnRule], codelists: Mapping[str, Codelist],
    name: str, file: str, title: TableTitle | None = None, codebooks: Sequence[Codebook] = (),
    *, form: Form = "table",
) -> Roles:
    """Find the roles of the columns of a table.

    Args:
        table: from a reader, without its position fields.
        defaults: the connector's own column rules.
        codelists: all of them.
        name: of the dataset, for an indicator that the table does not name.
        file: the name of the file, for a year that the table does not name.
        title: of the table, for what its columns do not name.
        codebooks: that stand beside the file, for what its codes mean.
        form: whether it is a plain table, a cube, or an SDMX message.
    """
    columns = {each: InspectedColumn.of(each, table.column(each)) for each in table.column_names}
    given = {
        concept: str(rule.column) for concept, rule in defaults.items() if rule.column in columns
    }
    search = Search(columns, codelists, given, name, file, title=title, codebooks=codebooks,
                    form=form)
    wide = find_wide(search)
    if not wide:
        _find_time(search)
    _find_part_of_year(search)
    _find_area(search)
    if not wide:
        find_figures(search)
    take_bounds(search)
    take_measures(search)
    if not search.found.indicators:
        find_indicator(search)
    find_units(search)
    take_attributes(search)
    _find_dimensions(search)
    return search.found


def _find_time(search: Search) -> None:
    given = search.given.get("time_period")
    best: tuple[float, InspectedColumn, PeriodColumn] | None = None
    for place, column in enumerate(search.columns.values()):
        if given and column.name != given:
            continue
        periods = periods_of(column.counts)
        is_named = column.name == given or _names_a_period(column, search.file)
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
    is_named = _names_a_period(column, search.file)
    sure: Certainty = periods.certainty if is_named or periods.certainty == "unsure" else "likely"
    label = column.name + (f" as {periods.format}" if more else "")
    blanks = column.values.count(None)
    why = periods.why
    if blanks:
        why += f"; {blanks:,} rows name none: they are quarantined"
    search.found.note("time_period", label, sure, why)
    search.frequency_of(periods)
    _allow(search, blanks)


def _names_a_period(column: InspectedColumn, file: str) -> bool:
    """Whether a column is named so; or has no name, and only the year that the file's name has."""
    is_unnamed = re.fullmatch(r"(column \d+)?", column.words) is not None
    years = {text.strip() for text in column.counts}
    return _TIME.match(column.words) is not None or (
        is_unnamed and bool(years) and years <= set(_YEAR_IN_NAME.findall(file)))


def _find_part_of_year(search: Search) -> None:
    """Find the months or quarters that stand in a column beside the year."""
    rule = search.found.rules.get("time_period", {})
    if search.found.frequency != "A" or "column" not in rule or "followed_by" in rule:
        return
    for column in search.free():
        if are_parts_of_year(list(column.counts)):
            rule["followed_by"] = column.name
            search.used.add(column.name)
            year = search.found.last
            periods = periods_of(Counter(f"{year} {text.strip()}" for text in column.counts))
            if periods is not None:
                search.frequency_of(periods)
            search.found.note("time_period", f"{rule['column']} and {column.name}", "certain",
                              "the year and its month or quarter stand apart")
            return


def _is_of_years(column: InspectedColumn, periods: PeriodColumn) -> bool:
    """Whether periods are years, not figures that look like years."""
    if periods.frequencies.keys() != {"A"}:
        return True
    years = [int(text) for text in column.counts if text.strip().isdecimal()]
    return not years or (min(years) >= 1900 and max(years) <= 2100)


def _take_year_of_name(search: Search) -> None:
    titles = " ".join(search.title.texts.values()) if search.title else ""
    of_title = set(_YEAR_IN_NAME.findall(titles))
    years = of_title or set(_YEAR_IN_NAME.findall(search.file))
    if len(years) != 1:
        search.found.note("time_period", "", "unsure", "no column holds time periods")
        return
    (period,) = years
    search.found.last = period
    search.found.frequency = "A"
    part = part_of_year_in(titles if of_title else search.file)
    if part is not None:
        search.frequency_of(part)
        period = part.last
    search.found.rules["time_period"] = {"const": period}
    search.found.note(
        "time_period", period, "unsure", "no column holds time periods;"
        f" this is in the {'title' if of_title else 'name of the file'}",
    )


def _find_area(search: Search) -> None:
    given = search.given.get("ref_area")
    best: tuple[float, InspectedColumn, Areas] | None = None
    every: list[tuple[InspectedColumn, str]] = []
    for column in search.free():
        if (given and column.name != given) or names_a_unit(column.words) or (
            search.form == "sdmx" and not names_an_area(column.words)
        ):
            continue
        texts = Counter(_called(search, column))
        areas = areas_of(column.name, texts, search.codelists, search.found.last)
        if areas is None or _labels_disagree(search, column, areas):
            continue
        every.append((column, areas.codelist))
        # The finest of the areas; and the code rather than the name.
        length = sum(map(len, column.counts)) / len(column.counts)
        covered = areas.known / max(1, len(column.values))
        score = round(covered * 20) + len(column.counts) / 1e5 - length / 1e8
        if best is None or score > best[0]:
            best = score, column, areas
    if best is None:
        search.found.note("ref_area", "", "unsure", "no column names areas")
        return
    _refuse_lists(search, [column for column, codelist in every if codelist == best[2].codelist])
    _take_area(search, best[1], best[2])


def _labels_disagree(search: Search, column: InspectedColumn, areas: Areas) -> bool:
    """Whether codes of a cube have labels that the codelist does not know: Sweden's counties."""
    labels = search.columns.get(column.name.removesuffix("_code"))
    if search.form != "cube" or labels is None or labels is column:
        return False
    codelist = search.codelists[areas.codelist]
    known = sum(knows(codelist, text) for text in labels.counts)
    return known < len(labels.counts) / 2


def _refuse_lists(search: Search, columns: Sequence[InspectedColumn]) -> None:
    """Refuse lists side by side, each with the same areas in an order of its own, as of a ranking.

    Raises:
        ReadError: a row of the table has figures of several areas.
    """
    first = columns[0]
    others = [
        column for column in columns[1:] if len(column.counts) >= _LISTED
        and len(column.counts.keys() & first.counts.keys()) >= _ENOUGH * len(first.counts)
        and min(len(c.counts) / c.counts.total() for c in (first, column)) >= _ENOUGH
        and sum(a != b for a, b in zip(first.values, column.values, strict=True)) > (
            len(first.counts) / 2)
    ]
    if len(others) > 1:
        names = ", ".join(repr(column.name) for column in (first, *others[:2]))
        raise ReadError(
            f"has lists side by side: the {len(others) + 1} columns {names} … hold the same areas,"
            " each in an order of its own, so that a row has figures of several areas",
            where=search.file,
            todo="stack the lists in the declaration's SQL file: SELECT the area, the name of the"
            " list and its figure of each, UNION ALL; or take the sheet of each list",
        )


def _called(search: Search, column: InspectedColumn) -> dict[str, int]:
    """Return how often each area occurs, by what a codebook calls it, else by the column's text."""
    book = search.codebook_of(column.counts)
    return {book.names[text.strip()] if book else text: n for text, n in column.counts.items()}


def _take_area(search: Search, column: InspectedColumn, areas: Areas) -> None:
    found, given = search.found, search.given.get("ref_area")
    codelist = search.codelists[areas.codelist]
    likely = likely_areas(areas.unknown, codelist)
    unknown = Counter({text: n for text, n in areas.unknown.items() if text not in likely})
    book = search.codebook_of(column.counts)
    mapped = likely if book is None else {
        code.strip(): likely.get(book.names[code.strip()], book.names[code.strip()])
        for code in column.counts
    }
    search.take("ref_area", column.name, **({"map": mapped} if mapped else {}))
    found.codelist = areas.codelist
    found.covered = codes_in((*_called(search, column), *likely.values()), codelist)
    why = [
        f"{areas.known:,} of {areas.filled:,} values are in {areas.codelist} ({codelist.vintage})"
    ]
    totals = [
        codelist.codes[code].name.get("en") for code, is_group in codelist.areas_grouped
        if is_group and code in found.covered
    ]
    if totals and len(found.covered) > len(totals):
        why.append(f"{', '.join(totals)} are totals of others")
    if likely:
        why.append("probably " + ", ".join(
            f"{label!r} is {code} ({codelist.codes[code].name.get('en')})"
            for label, code in list(likely.items())[:5]
        ))
    if unknown:
        examples = ", ".join(repr(text) for text, _ in unknown.most_common(5))
        why.append(f"not {examples}: these rows are quarantined")
    if blanks := sum(value is None for value in column.values):
        why.append(f"{blanks:,} rows name none: they are quarantined")
    if areas.rivals:
        why.append(f"{', '.join(areas.rivals)} know as many")
    rows = {name: each.values for name, each in search.columns.items()}
    sure: Certainty = "unsure" if likely else _sure(areas)
    if search.form == "sdmx":  # the concept's role is the second reason
        sure = "unsure" if likely or areas.share < _ENOUGH else "likely"
    elif book is not None:
        why.append(f"{book.file} says what its codes mean")
    elif not given and not is_confirmed(column.name, rows, column.counts, codelist):
        sure = "unsure"
        why.append("other lists have such codes, and neither a name nor a second column confirms"
                   " them")
    found.note("ref_area", column.name, sure, "; ".join(why))
    _allow(search, unknown.total() + blanks)


def _allow(search: Search, quarantined: int) -> None:
    """Propose a tolerance where many rows will be quarantined."""
    rows = max((len(column.values) for column in search.columns.values()), default=0)
    lost = quarantined / max(1, rows)
    if lost > _LOST:
        proposed = min(1.0, round(lost * 1.2 + 0.01, 2))
        search.found.tolerance = max(search.found.tolerance or 0, proposed)


def _sure(areas: Areas) -> Certainty:
    if areas.share >= 0.98 and not areas.rivals:
        return "certain"
    return "likely" if areas.share >= 0.9 else "unsure"


def _find_dimensions(search: Search) -> None:
    """Find the columns without which observations would share their key."""
    rules = search.found.rules
    concepts = ("ref_area", "time_period", "indicator", "obs_value")
    named = [str(rules.get(concept, {}).get("column")) for concept in concepts]
    needed = [search.columns[name] for name in named if name in search.columns]
    key = [column for column in needed if column.name != named[-1]]
    broken_down = (str(rules[name].get("column")) for name in search.found.dimensions)
    key += [search.columns[name] for name in broken_down if name in search.columns]
    part_of_year = search.columns.get(str(rules.get("time_period", {}).get("followed_by")))
    key += [part_of_year] if part_of_year else []
    height = max((len(column.values) for column in search.columns.values()), default=0)
    rows = [
        row for row in range(height) if all(column.values[row] is not None for column in needed)
    ]
    if search.form == "cube":
        key += _take_variables(search)
    free = [each for each in search.free() if len(each.counts) > 1 and not is_running(each)]
    free.sort(key=lambda column: (has_decimals(column), len(column.counts), column.longest))
    chosen: Sequence[InspectedColumn] = ()
    number = next((column for column in free if column.name.startswith(NUMBER)), None)
    if number is not None:  # the same words stand in several parts of a budget
        free.remove(number)
        key.append(number)
        search.take(NUMBER, number.name, **({"map": {"": TOTAL}} if None in number.values else {}))
        search.found.dimensions[NUMBER] = None
        search.found.note(NUMBER, number.name, "likely", "what a row is part of")
    doubled = _doubled(key, (), rows)
    others = 0  # that would do as well
    for size in (1, 2, 3):
        for some in combinations(free[:_TRIED], size):
            left = _doubled(key, some, rows) if doubled or len(chosen) == size else 0
            if left < doubled:
                chosen, doubled, others = some, left, 0
            elif left == doubled and len(chosen) == size:
                others += 1
    for column in chosen:
        _take_dimension(search, column, is_only=not others and not doubled)
    if doubled:
        search.found.note("key", ", ".join(column.name for column in key), "unsure",
                          f"{doubled} rows share area, period, indicator and dimensions")


def _take_variables(search: Search) -> list[InspectedColumn]:
    """Take all variables of a cube as dimensions, by their labels where these are distinct.

    One that has a single value is declared as constant.
    """
    taken, constant = [], []
    for codes in search.free():
        labels = search.columns.get(codes.name.removesuffix("_code"))
        if labels is None or labels is codes or labels.name in search.used or not codes.counts:
            continue
        if len(codes.counts) == 1:
            search.used |= {labels.name, codes.name}
            search.found.where[codes.name] = list(codes.counts)
            constant.append(f"{labels.name}: {next(iter(labels.counts), '')}")
            continue
        one = len(labels.counts) == len(codes.counts)
        column = labels if one and search.codelist_of(codes) is None else codes
        _take_dimension(search, column, is_only=True)
        search.used |= {labels.name, codes.name}
        taken.append(column)
    if constant:
        search.found.note("where", "; ".join(constant), "certain",
                          "these variables have one value each")
    return taken


def _doubled(
    key: Sequence[InspectedColumn], more: Sequence[InspectedColumn], rows: Sequence[int]
) -> int:
    """Return how many rows share their key with an earlier one."""
    parts = [column.values for column in (*key, *more)]
    return len(rows) - len({tuple(part[row] for part in parts) for row in rows})


def _take_dimension(search: Search, column: InspectedColumn, *, is_only: bool) -> None:
    """Take a column as a dimension; it is sure where the title names it, or no other would do."""
    name = search.dimension_name(column.name)
    codelist = search.codelist_of(column)
    blanks = sum(value is None for value in column.values)
    why = f"without it observations would share their key; it has {len(column.counts)} values"
    more: dict[str, Any] = {}
    if codelist:
        why += f", all of them in {codelist}"
    if blanks:
        more["map"] = {"": TOTAL}
        why += f"; {blanks} blanks are taken as the total"
    search.take(name, column.name, **more)
    search.found.dimensions[name] = codelist
    of_title = search.title.variables if search.title else ()
    is_declared = search.form != "table" or column.words in map(fold, of_title)
    sure = codelist is not None or is_only or is_declared
    search.found.note(name, column.name, "likely" if sure else "unsure", why)
