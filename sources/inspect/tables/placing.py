"""A grid layout as options of `files`, with the evidence."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from model.util.text import fold
from sources.formats.payload import quoted
from sources.formats.tabular.numbering import are_levels
from sources.inspect.finding import Guess, RecognisedTable
from sources.inspect.tables.grid import GridLayout

# Words that name a column of areas or items, and not the table that stands below them.
_LABEL = re.compile(r"(country|area|region|name|item|entity|economy|year|period|quoc gia|tinh|"
                    r"chi tieu|nam|dia phuong|don vi).*")
# Names of the column with the numbers of rows; it may have none.
_NUMBERS = re.compile(r"(?:stt|tt|so tt|so thu tu|thu tu|no\.?)(?: no\.?)?|column_1")
NUMBER = "numbering"  # the column of whole numbers
_LONG = 60
_NAME = 500  # characters


def placed(layout: GridLayout) -> tuple[dict[str, Any], tuple[Guess, ...]]:
    """Return the options of `files` for a layout, and the evidence."""
    options: dict[str, Any] = {}
    guesses: list[Guess] = []
    names = distinct(layout.columns)
    alike = len({n.casefold() for n in layout.columns if n}) != sum(map(bool, layout.columns))
    if layout.overruns:
        options |= {"header": 0, "skip_rows": layout.header[0], "names": list(names)}
        guesses += _header_guesses(layout)
    elif not layout.header:
        options |= {"header": 0, "names": list(names)}
        guesses.append(Guess("header", "0", "unsure", "the first row has figures already"))
    elif set(layout.repeats) - {layout.columns[0]} and not _LABEL.match(fold(layout.columns[0])):
        options["tables"] = _stacked(layout)
        guesses.append(Guess(
            "tables", " / ".join((layout.columns[0], *layout.repeats)), "likely",
            "these rows repeat the names of the columns under another first name",
        ))
    else:
        options |= _header(layout, names, alike)
        guesses += _header_guesses(layout)
    if layout.following is not None:
        options["end_matching"] = one_of((layout.following,))
        guesses.append(Guess("end_matching", layout.following, "likely",
                             "another table begins there"))
    if layout.footer:
        options["footer"] = layout.footer
        guesses.append(Guess("footer", str(layout.footer), "likely",
                             "the last rows hold words and no figures: "
                             + quoted("; ".join(layout.below), 200)))
    texts = (*layout.headings, *(layout.repeats if "tables" not in options else ()))
    if texts:
        heading = {"to": _free("heading", names), "matching": one_of(texts)}
        options["headings"] = [heading | ({"initial": "Total"} if layout.leading else {})]
        examples = ", ".join(repr(text) for text in texts[:3])
        guesses.append(Guess("headings", _free("heading", names), "unsure",
                             f"{examples}: alone in their rows, and hold for the rows below"))
    return options, tuple(guesses)


def _header(layout: GridLayout, names: tuple[str, ...], alike: bool) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if len(layout.header) > 1:
        options["header"] = list(layout.header)
    elif layout.header[0] != 1:
        options["header"] = layout.header[0]
    if alike:
        options["names"] = list(names)
    return options


def _header_guesses(layout: GridLayout) -> list[Guess]:
    rows = ", ".join(map(str, layout.header))
    named = sum(map(bool, layout.columns))
    why = (f"names for {named} of {len(layout.columns)} columns"
           + (", over columns of figures" if layout.figures else "")
           + (f"; {len(layout.above)} titles or notes stand above" if layout.above else ""))
    plain = len(layout.header) == 1 and not layout.above and named == len(layout.columns)
    return [Guess("header", rows, "certain" if plain and layout.figures else "likely", why)]


def numbering_of(found: RecognisedTable, table: pa.Table) -> RecognisedTable | None:
    """Return the table `found` with the option `numbering`, None where its rows have no levels.

    `table` is what is read without it.
    """
    first = next(iter(table.column_names), "")
    if found.protocol != "files" or ("format" in found.options and found.options["format"] in (
        "json", "jsonl", "parquet", "arrow"
    )):
        return None
    texts = [cell or "" for cell in table.column(first).to_pylist()]
    if not _NUMBERS.fullmatch(fold(first)) or not are_levels(texts):
        return None
    to = _free(NUMBER, table.column_names)
    label = quoted(" ".join(filter(None, texts)), 80)
    guess = Guess("numbering", first, "likely", f"numbers of several levels: {label}")
    return replace(
        found, options={**found.options, "numbering": {"column": first, "to": to}},
        guesses=(*found.guesses, guess),
    )


def _stacked(layout: GridLayout) -> dict[str, Any]:
    return {
        "matching": one_of((layout.columns[0], *layout.repeats)),
        "to": _free("table", layout.columns), "header": [0],
        "label": _free("label", layout.columns),
    }


def one_of(texts: Sequence[str]) -> str:
    """Return a regular expression that matches the texts alone, and long ones by their start."""
    return "|".join(
        re.escape(text[:_LONG]).replace(r"\ ", " ") + (".*" if len(text) > _LONG else "")
        for text in texts
    )


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return distinct names: blanks get their position, duplicates a number."""
    taken: Counter[str] = Counter()
    found = []
    for position, name in enumerate(names, start=1):
        base = quoted(name, _NAME) or f"column_{position}"
        taken[base.casefold()] += 1
        count = taken[base.casefold()]
        found.append(base if count == 1 else f"{base} ({count})")
    return tuple(found)


def _free(name: str, taken: Sequence[str]) -> str:
    folded = {each.casefold() for each in taken}
    return name if name not in folded else f"{name}_of_rows"
