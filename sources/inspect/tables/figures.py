"""The columns of figures: one, several side by side, or one for each period."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from model.declarations.source import DEFAULT_MISSING
from model.errors import ReadError
from sources.inspect.search import InspectedColumn, Search
from sources.inspect.tables.headings import (
    Headings,
    are_parts_of_year,
    headings_of,
    is_part_of_year,
    is_total,
)
from sources.inspect.tables.values import NumberColumn, numbers_of, periods_of

VALUE = re.compile(r"(value|obs|numeric|amount|figure|so lieu|gia tri)")
_NO_FIGURE = re.compile(
    r"((?:no|stt|tt|so tt|thu tu)(?:[ .-]+(?:no|stt))?|id|objectid|index|lat|lon|long|lng"
    r"|latitude|longitude|kinh do|vi do|kinhdo|vido|easting|northing"
    r"|code|ma|key|year|month|quarter|day|rank|decimal|unit mult|decimals|low|high|ordinal"
    r"|province|provincia|country|region|district|commune|ward|municipality"
    r"|.* (code|id|lat|lon|lng|latitude|longitude)|ma (?:qh|px|tinh|huyen|xa|hc)"
    r"|ma(?:tinh|huyen|xa|hc))"
)
_RUNNING = re.compile(r"(?:no|stt|tt|so tt|thu tu)(?:[ .-]+(?:no|stt))?\.?")
_DECIMALS = re.compile(r"-?\d[\d ]*[.,]\d+")
_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_YEARS = re.compile(r"year|date|\bnam\b")
_UNIT_BEHIND = re.compile(r".*\(.+\)?")


def is_running(column: InspectedColumn) -> bool:
    """Whether a column numbers the rows (STT), which says nothing about them."""
    return _RUNNING.fullmatch(column.words) is not None and all(
        text.strip(" .").isdecimal() for text in column.counts)


def has_decimals(column: InspectedColumn) -> bool:
    """Whether a column has numbers with decimals, so that it is hardly a breakdown of figures."""
    return any(map(_DECIMALS.fullmatch, column.counts))


def find_wide(search: Search) -> bool:
    """Find columns that are named by periods, and unpivot them.

    A name may hold a category beside its period; or the columns are months or quarters, and another
    one has the year.
    """
    if "obs_value" in search.given:
        return False
    headings = headings_of(list(search.columns))
    if headings is not None:
        return _unpivot_headings(search, headings)
    _refuse_roman_months(search)
    parts = [name for name in search.columns if is_part_of_year(name)]
    return are_parts_of_year(parts) and _unpivot_parts_of_year(search, parts)


def _unpivot_headings(search: Search, headings: Headings) -> bool:
    numbers = numbers_of(_all_values(search, headings.names))
    periods = periods_of(Counter(headings.periods))
    if numbers is None or periods is None:
        return False
    period, value = search.unused_name("period"), search.unused_name("value")
    category = search.unused_name("category")
    kinds = headings.categories
    names = list(headings.names)
    if headings.matching is None and kinds:
        return False  # no expression takes these names apart
    if headings.matching is None:
        search.found.unpivot = {"columns": names, "names_to": period, "values_to": value}
    else:
        matching = headings.matching.replace("(?P<period>", f"(?P<{period}>")
        matching = matching.replace("(?P<category>", f"(?P<{category}>")
        search.found.unpivot = {"matching": matching, "values_to": value}
    why = f"{len(names)} columns are named by periods, {names[0]} to {names[-1]}"
    if kinds:
        why += f", and one of {len(kinds)} categories"
    search.found.note("unpivot", "period and category" if kinds else period,
                      "unsure" if headings.doubt else "certain",
                      "; ".join(filter(None, (why, headings.doubt))))
    search.used.update(names)
    search.take("time_period", period)
    if headings.marks:
        search.found.rules["time_period"]["marks"] = {mark: {} for mark in headings.marks}
        marked = next(name for name in names if headings.marks[0] in name)
        search.found.note("marks of periods", " ".join(headings.marks), "unsure",
                          f"stands in {marked!r}: {{}} takes it off; P is provisional, and a note"
                          " or footnote can be declared")
    search.frequency_of(periods)
    _value_rule(search, value, numbers)
    search.heading_unit = headings.unit
    if len(kinds) > 1:
        _take_categories(search, category, kinds)
    elif kinds:
        search.indicators_of(kinds, category, "certain", "the name beside the period")
    return True


def _take_categories(search: Search, column: str, kinds: list[str]) -> None:
    """Take the categories of headings as a dimension, or as the indicators.

    They are a dimension where one of them is the total of the others, or a codelist knows them, or
    the title names them; and indicators where most have units of their own.
    """
    found = InspectedColumn(column, kinds, Counter(kinds))
    with_units = sum(map(bool, map(_UNIT_BEHIND.fullmatch, kinds)))
    codelist = search.codelist_of(found)
    title = search.dimension_of_title()
    is_dimension = codelist is not None or bool(title) or any(map(is_total, kinds))
    if not is_dimension or with_units > len(kinds) / 2:
        search.indicators_of(kinds, column, "certain", "the names beside the period")
        return
    name = codelist or search.dimension_name(title or column)
    search.take(name, column)
    search.found.dimensions[name] = codelist
    search.found.note(name, column, "likely",
                      f"the {len(kinds)} names beside the period, {kinds[0]} to {kinds[-1]}")


def _refuse_roman_months(search: Search) -> None:
    """Refuse columns of months that are only numbered: no rule reads "III" beside 2024 as March.

    Raises:
        ReadError: they would be twelve indicators of the year.
    """
    numbers = {name.rpartition(" ")[2]: name for name in search.columns}
    if not all(month in numbers for month in _MONTHS) or not any(
        column.counts and all(map(_is_year, column.counts)) for column in search.columns.values()
    ):
        return
    raise ReadError(
        f"has the months of a year in the columns {numbers['I']!r} to {numbers['XII']!r}, named by"
        " Roman numerals only: they may be read as months, not as twelve indicators",
        where=search.file,
        todo="stack the months in the declaration's SQL file (`sql`): SELECT year || '-01' AS"
        " period, the figures of \"I\" AS value, UNION ALL, and so on; or save the file with the"
        " names 'Tháng 1' to 'Tháng 12'",
    )


def _unpivot_parts_of_year(search: Search, names: list[str]) -> bool:
    """Unpivot columns of months or quarters, where another column has the year."""
    numbers = numbers_of(_all_values(search, names))
    years = next((
        column for column in search.free()
        if column.counts and all(map(_is_year, column.counts))
    ), None)
    if numbers is None or years is None:
        return False
    part, value = search.unused_name("part_of_year"), search.unused_name("value")
    search.found.unpivot = {"columns": names, "names_to": part, "values_to": value}
    search.found.note("unpivot", part, "certain",
                      f"{len(names)} columns are parts of a year, {names[0]} to {names[-1]}")
    search.used.update(names)
    search.take("time_period", years.name, followed_by=part)
    search.found.note("time_period", f"{years.name} and {part}", "certain",
                      "the year stands in a column, its part in the heading")
    periods = periods_of(Counter(f"{year} {name}" for year in years.counts for name in names))
    if periods is not None:
        search.frequency_of(periods)
    _value_rule(search, value, numbers)
    return True


def _is_year(text: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", text.strip()) is not None


def find_figures(search: Search) -> None:
    """Find the columns of figures of a table that is not wide by period."""
    found: dict[str, NumberColumn] = {}
    for column in search.free():
        if _YEARS.search(column.words) and all(map(_is_year, column.counts)):
            continue  # the first and the last year that a figure is of
        numbers = numbers_of(column.counts)
        if numbers and not _NO_FIGURE.fullmatch(column.words.replace(".", " ")):
            found[column.name] = numbers
    given = search.given.get("obs_value")
    named = [name for name in found if VALUE.match(search.columns[name].words)] or [
        name for name in found if name.startswith("#") and "num" in name.split("+")  # HXL
    ]
    chosen = list(found)
    if given in found:
        chosen = [str(given)]
    elif len(named) == 1:
        chosen = named
    if not chosen:
        search.found.note("obs_value", "", "unsure", "no column holds figures")
    elif len(chosen) == 1:
        others = [name for name in found if name != chosen[0]]
        _value_rule(search, chosen[0], found[chosen[0]])
        search.found.note(
            "obs_value", chosen[0], "likely" if others else "certain",
            f"its name says so; {', '.join(others[:5])} hold figures, too" if others
            else "the only column of figures",
        )
    else:
        _unpivot_figures(search, {name: found[name] for name in chosen})


def _unpivot_figures(search: Search, found: Mapping[str, NumberColumn]) -> None:
    figure, value = search.unused_name("figure"), search.unused_name("value")
    search.found.unpivot = {"columns": list(found), "names_to": figure, "values_to": value}
    search.used.update(found)
    alone = max(found.values(), key=lambda each: each.locale.value != "plain")
    together = numbers_of(_all_values(search, found)) or alone
    _value_rule(search, value, together)
    if together.other.total() > sum(each.other.total() for each in found.values()):
        search.found.note("locale", together.locale.value, "unsure",
                          "the columns write numbers in several ways")
    search.found.note("unpivot", ", ".join(list(found)[:6]), "likely",
                      f"{len(found)} columns hold figures: each is an indicator")
    search.indicators_of(list(found), figure, "likely", "each column of figures is one")


def _value_rule(search: Search, column: str, numbers: NumberColumn) -> None:
    """Set how the `search` reads a `column` of values, also one that unpivoting makes.

    `numbers` says how they are written; those that are none are noted.
    """
    rule: dict[str, Any] = {"locale": numbers.locale.value}
    if numbers.missing:
        rule["missing"] = [*DEFAULT_MISSING, *numbers.missing]
        search.found.note("missing", " ".join(numbers.missing), "likely",
                          "occur in place of figures")
    search.take("obs_value", column, **rule)
    search.found.notes["locale"] = numbers.locale
    search.found.decimals = numbers.decimals
    if numbers.other:
        examples = ", ".join(repr(text) for text, _ in numbers.other.most_common(5))
        count = numbers.other.total()
        search.found.note("other values", examples, "unsure",
                          f"{count} values are no numbers: they are quarantined")
        proposed = min(1.0, round(count / (count + numbers.count) + 0.01, 2))
        search.found.tolerance = max(search.found.tolerance or 0, proposed)


def _all_values(search: Search, names: Sequence[str] | Mapping[str, Any]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name in names:
        total += search.columns[name].counts
    return total
