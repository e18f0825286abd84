"""Attributes of observations: status, multiplier, bounds, and dimensions of SDMX with one value.

Their columns are known by the ids of SDMX's concepts, and by the names that other services give
them. A status or a multiplier that is not declared would be lost in silence.
"""

import re

from model.declarations.source import DEFAULT_MISSING
from model.util.text import fold
from sources.inspect.search import InspectedColumn, Search, is_code
from sources.inspect.tables.cells import is_missing

_STATUS = (
    "obs status", "observation status", "obs flag", "data status", "status", "flag", "flags"
)
# What status codes and words stand for: SDMX CL_OBS_STATUS 2.2, and Eurostat's flags.
_OWN = frozenset("ABEFINOPQU")
_CODES = {"H": "O", "K": "O", "L": "O", "M": "O", "V": "P", "C": "Q", "Z": "O", "S": "E"}
_WORDS = (
    (r"normal|actual|final|official", "A"), (r"break", "B"), (r"estimat|uoc", "E"),
    (r"provision|prelim|so bo", "P"), (r"forecast|project", "F"), (r"imput", "I"),
    (r"low reliab|unreliab", "U"), (r"suppress|confident", "Q"), (r"missing|not avail", "O"),
    (r"not signif", "N"),
)
_MULTIPLIER = (
    "unit mult", "unit multiplier", "powercode code", "powercode", "multiplier", "scale"
)  # IMF: SCALE
_POWERS = {
    "units": 0, "tens": 1, "hundreds": 2, "thousands": 3, "millions": 6, "billions": 9,
    "trillions": 12,
}
_LARGEST = 15  # powers of ten
# "Low" and "High", "#indicator+low+value", "lower bound", "ci_lower"; a name with other words may
# be another figure: "lowest temperature".
_ENDS = (r"low(er)?", r"(high|upp)(er)?")
_DECIMAL = re.compile(r"-?\d*\.?\d+")
_BOUND = r"(?:#indicator|value|numeric|bound|limit|ci|num|interval|95)"
# Attributes that say nothing about what is observed.
_DESCRIBES = re.compile(
    r"OBS_.*|CONF.*|DECIMALS.*|TIME_FORMAT|TITLE.*|COMMENT.*|.*NOTE.*|COLLECTION"
    r"|UNIT_MULT|SCALE|PREF_SCALE|.*SOURCE.*|DATA_?PROVIDER.*|LAST_UPDATE|EMBARGO.*|.*_DATE"
    r"|LANGUAGE|PUBLISHER|DEPARTMENT|TOPIC.*|KEYWORDS.*|ACCESS_.*|SECURITY_.*|CONTACT.*|LATEST_.*"
)
_LABEL = re.compile(r".*_label(_vi)?")  # what codes are called
_MANY = 500  # codes


def take_attributes(search: Search) -> None:
    """Find the status and the multiplier of observations; in SDMX, every dimension."""
    _take_status(search)
    _take_multiplier(search)
    if search.form == "sdmx":
        _take_sdmx(search)


def _take_status(search: Search) -> None:
    for column in search.free():
        if column.words not in _STATUS:
            continue
        texts = [text.strip() for text in column.counts if not is_missing(text)]
        mapped = {text: _status_of(text) for text in texts if text not in DEFAULT_MISSING}
        unknown = sorted(text for text, status in mapped.items() if status is None)
        if not mapped or (unknown and column.words not in _STATUS[:4]):
            continue
        renamed = {text: status for text, status in mapped.items() if status and status != text}
        search.take("obs_status", column.name, **({"map": renamed} if renamed else {}))
        why = f"the status of observations: {', '.join(sorted(mapped))[:80]}"
        if unknown:
            why += f"; {', '.join(unknown)} are no known status: these rows are quarantined"
        search.found.note("obs_status", column.name, "unsure" if unknown else (
            "likely" if renamed else "certain"), why)
        return


def _status_of(text: str) -> str | None:
    code = text.upper()
    if code in _OWN:
        return code
    found = (status for pattern, status in _WORDS if re.search(pattern, fold(text)))
    return _CODES.get(code) or next(found, None)


def _take_multiplier(search: Search) -> None:
    value = search.found.rules.get("obs_value")
    column = next((each for each in search.free() if each.words in _MULTIPLIER), None)
    if column is None or value is None or not column.counts or "scale_by" in value:
        return
    powers = {text: _power_of(text) for text in column.counts}
    if None in powers.values() or set(powers.values()) == {0}:
        return
    search.used.add(column.name)
    value["scale_by"] = {
        "column": column.name,
        "map": {
            text.strip(): float(10**power) for text, power in powers.items() if power is not None
        },
    }
    search.found.note("scale", column.name, "certain", "it has the multiplier of each figure")


def take_bounds(search: Search) -> None:
    """Find the two columns between which every figure lies."""
    value = search.columns.get(str(search.found.rules.get("obs_value", {}).get("column")))
    found = [next((
        column for column in search.free() if column.counts and re.fullmatch(
            rf"(?:{_BOUND}[ +_]*)*{end}(?:[ +_]*{_BOUND})*", column.words)
    ), None) for end in _ENDS]
    low, high = found
    if value is None or low is None or high is None or not _enclose(value, low, high):
        return
    for concept, column in (("lower_bound", low), ("upper_bound", high)):
        search.take(concept, column.name)
    search.found.note(
        "interval", "range", "unsure",
        f"every figure lies between {low.name} and {high.name}; kind is confidence or credible"
        " (with a level, e.g. 95) or range",
    )


def _enclose(value: InspectedColumn, low: InspectedColumn, high: InspectedColumn) -> bool:
    """Whether each figure lies between its bounds, where it has them."""
    rows = [
        [float(cell) for cell in cells if cell is not None and _DECIMAL.fullmatch(cell.strip())]
        for cells in zip(low.values, value.values, high.values, strict=True)
    ]
    whole = [row for row in rows if len(row) == len(_ENDS) + 1]
    return bool(whole) and all(each[0] <= each[1] <= each[2] for each in whole)


def _power_of(text: str) -> int | None:
    word = fold(text)
    if word in _POWERS:
        return _POWERS[word]
    return int(word) if re.fullmatch(r"\d{1,2}", word) and int(word) <= _LARGEST else None


def _take_sdmx(search: Search) -> None:
    """Use every dimension of SDMX: as a dimension, or as a constant where it has one value."""
    indicator = search.columns.get(str(search.found.rules.get("indicator", {}).get("column")))
    search.used.update(name for name in search.columns if _LABEL.fullmatch(name))
    for column in search.free():
        if _DESCRIBES.fullmatch(column.name) or None in column.values or not column.counts:
            continue
        if len(column.counts) == 1:
            search.used.add(column.name)
            value = next(iter(column.counts))
            if is_code(value):  # a sentence is no code of a dimension
                search.found.where[column.name] = [value]
        elif len(column.counts) <= _MANY and not _follows(column, indicator):
            name = search.dimension_name(column.name)
            codelist = search.codelist_of(column)
            search.take(name, column.name)
            search.found.dimensions[name] = codelist
            search.found.note(name, column.name, "likely", "a dimension of the message")
    if search.found.where:
        listed = ", ".join(f"{name} {values[0]}" for name, values in search.found.where.items())
        search.found.note("where", listed, "certain", "these dimensions have one value each")


def _follows(column: InspectedColumn, other: InspectedColumn | None) -> bool:
    """Whether another column gives the value of this one, as an indicator gives its unit."""
    if other is None:
        return False
    found: dict[str | None, str | None] = {}
    return all(
        found.setdefault(key, value) == value
        for key, value in zip(other.values, column.values, strict=True)
    )
