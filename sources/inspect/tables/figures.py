"""The columns of figures: one, several side by side, or one for each period."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from model.declarations.source import DEFAULT_MISSING
from model.reference.periods import parse_period
from sources.inspect.search import InspectedColumn, Search
from sources.inspect.tables.values import NumberColumn, numbers_of, periods_of

VALUE = re.compile(r"(value|obs|numeric|amount|figure|so lieu|gia tri)")
_NO_FIGURE = re.compile(
    r"(no|stt|id|objectid|index|lat|lon|long|lng|latitude|longitude|kinh do|vi do|kinhdo|vido"
    r"|code|ma|key|year|month|quarter|day|rank|decimal|unit mult|decimals|low|high|ordinal"
    r"|.* (code|id))"
)
_YEAR_BEHIND = re.compile(r"(.+?)[_ -]((?:19|20)\d\d)")
# "2002 Total", "Prel. 2024 Average population (Thous. pers.)", "2008(*) Area of forest"
_YEAR_IN_FRONT = (
    r"(?P<period>(?:[^\d\W]\D{0,30})?(?:19|20)\d\d)(?:\(\*\))?[ _:|,-]+(?P<category>[^\W\d].*)"
)
_UNIT_BEHIND = re.compile(r".*\(.+\)?")
_PERIOD_NAMES = (r"\d{4}", r"\d{4} \[YR\d{4}\]", r"\d{4}Q[1-4]", r"\d{4}M\d{2}", r"\d{4}-\d{2}")


def find_wide(search: Search) -> bool:
    """Find columns that are named by periods, or by a figure and its year, and unpivot them."""
    if "obs_value" in search.given:
        return False
    names = [name for name in search.columns if _is_period(name)]
    behind = {name: m for name in search.columns if (m := _YEAR_BEHIND.fullmatch(name))}
    if len(names) >= 2:
        return _unpivot_periods(search, names)
    front = {
        name: found for name in search.columns
        if (found := re.fullmatch(_YEAR_IN_FRONT, name)) and _is_period(found["period"])
    }
    if len(front) > len(search.columns) / 2 and len({m["period"] for m in front.values()}) > 1:
        return _unpivot_years_in_front(search, front)
    if len(behind) > len(search.columns) / 2:
        return _unpivot_years_behind(search, behind)
    return False


def _unpivot_periods(search: Search, names: list[str]) -> bool:
    numbers = numbers_of(_all_values(search, names))
    periods = periods_of(Counter(names))
    if numbers is None or periods is None:
        return False
    pattern = _common_pattern(names, search.columns)
    period, value = search.unused_name("period"), search.unused_name("value")
    search.found.unpivot = {
        **({"matching": pattern} if pattern else {"columns": names}),
        "names_to": period, "values_to": value,
    }
    search.found.note("unpivot", pattern or f"{len(names)} columns", "certain",
                      f"{len(names)} columns are named by periods, {names[0]} to {names[-1]}")
    search.used.update(names)
    search.take("time_period", period)
    search.frequency_of(periods)
    value_rule(search, value, numbers)
    return True


def _unpivot_years_behind(search: Search, behind: Mapping[str, re.Match[str]]) -> bool:
    numbers = numbers_of(_all_values(search, behind))
    periods = periods_of(Counter(match.group(2) for match in behind.values()))
    if numbers is None or periods is None:
        return False
    value = search.unused_name("value")
    search.found.unpivot = {
        "matching": r"(?P<figure>.+?)[_ -](?P<period>(?:19|20)\d\d)", "values_to": value,
    }
    kinds = list(dict.fromkeys(match.group(1) for match in behind.values()))
    search.found.note("unpivot", "figure and period", "certain",
                      f"{len(behind)} columns are named by a figure and a year")
    search.used.update(behind)
    search.take("time_period", "period")
    search.frequency_of(periods)
    value_rule(search, value, numbers)
    search.indicators_of(kinds, "figure", "certain", f"the {len(kinds)} names before the year")
    return True


def _unpivot_years_in_front(search: Search, front: Mapping[str, re.Match[str]]) -> bool:
    """Split names of a period and a category: figures where most name a unit, else a dimension."""
    numbers = numbers_of(_all_values(search, front))
    periods = periods_of(Counter(match["period"] for match in front.values()))
    if numbers is None or periods is None or {"period", "category"} & search.columns.keys():
        return False
    value = search.unused_name("value")
    search.found.unpivot = {"matching": _YEAR_IN_FRONT, "values_to": value}
    kinds = list(dict.fromkeys(match["category"] for match in front.values()))
    marked = [name for name in front if "(*)" in name.partition(" ")[0]]
    why = f"{len(front)} columns are named by a period and one of {len(kinds)} categories"
    search.found.note(
        "unpivot", "period and category", "unsure" if marked else "certain",
        why + (f"; the mark (*) of {marked[0]!r} is not read" if marked else ""),
    )
    search.used.update(front)
    search.take("time_period", "period")
    search.frequency_of(periods)
    value_rule(search, value, numbers)
    if sum(map(bool, map(_UNIT_BEHIND.fullmatch, kinds))) > len(kinds) / 2:
        search.indicators_of(kinds, "category", "certain", "the names behind the period have units")
    elif len(kinds) > 1:
        column = InspectedColumn("category", kinds, Counter(kinds))
        codelist = search.codelist_of(column)
        name = codelist or "category"
        search.take(name, "category")
        search.found.dimensions[name] = codelist
        search.found.note(name, "category", "likely" if codelist else "unsure",
                          f"the {len(kinds)} names behind the period, {kinds[0]} to {kinds[-1]}")
    return True


def find_figures(search: Search) -> None:
    """Find the columns of figures of a table that is not wide by period."""
    found: dict[str, NumberColumn] = {}
    for column in search.free():
        numbers = numbers_of(column.counts)
        if numbers and not _NO_FIGURE.fullmatch(column.words.replace(".", " ")):
            found[column.name] = numbers
    given = search.given.get("obs_value")
    named = [name for name in found if VALUE.match(search.columns[name].words)]
    chosen = list(found)
    if given in found:
        chosen = [str(given)]
    elif len(named) == 1:
        chosen = named
    if not chosen:
        search.found.note("obs_value", "", "unsure", "no column holds figures")
    elif len(chosen) == 1:
        others = [name for name in found if name != chosen[0]]
        value_rule(search, chosen[0], found[chosen[0]])
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
    value_rule(search, value, together)
    if together.other.total() > sum(each.other.total() for each in found.values()):
        search.found.note("locale", together.locale.value, "unsure",
                          "the columns write numbers in several ways")
    search.found.note("unpivot", ", ".join(list(found)[:6]), "likely",
                      f"{len(found)} columns hold figures: each is an indicator")
    search.indicators_of(list(found), figure, "likely", "each column of figures is one")


def value_rule(search: Search, column: str, numbers: NumberColumn) -> None:
    """Set how the values are read, and note those that are no numbers.

    Args:
        search: takes the rule.
        column: of the values, also one that unpivoting makes.
        numbers: how they are written.
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
        shown = ", ".join(repr(text) for text, _ in numbers.other.most_common(5))
        count = numbers.other.total()
        search.found.note("other values", shown, "unsure",
                          f"{count} values are no numbers: they are quarantined")
        search.found.tolerance = min(1.0, round(count / (count + numbers.count) + 0.01, 2))


def _all_values(search: Search, names: Sequence[str] | Mapping[str, Any]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name in names:
        total += search.columns[name].counts
    return total


def _is_period(name: str) -> bool:
    try:
        parse_period(name)
    except ValueError:
        return False
    return True


def _common_pattern(names: Sequence[str], columns: Mapping[str, InspectedColumn]) -> str | None:
    """Return a regular expression that matches just these columns, where there is a plain one."""
    return next((
        pattern for pattern in _PERIOD_NAMES
        if {name for name in columns if re.fullmatch(pattern, name)} == set(names)
    ), None)
