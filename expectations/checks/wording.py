"""How checks write columns, codes, numbers and conditions in a language, for readers of reports."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.reference.registries import Registries
from model.util.text import LocalizedText, localized

_LISTED = 6  # values of a set that are written out
_LONGEST = 80  # characters of a value that are written out


@cache
def words_of(kind: str) -> dict[str, LocalizedText]:
    """Return the words for names of a `kind` (columns, operators …) of `words.csv`, by name."""
    with Path(__file__).with_name("words.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    return {row["name"]: LocalizedText(vi=row["vi"], en=row["en"]) for row in rows}


def called(column: str, dataset: Dataset) -> LocalizedText:
    """Return how a `column` of a `dataset` is called inside a sentence."""
    if column in dataset.dimensions:
        label = dataset.dimensions[column].name
        return label.in_each(lambda text: text[0].lower() + text[1:])
    known = words_of("column")
    return known[column] if column in known else localized(lambda language: column)


class Wording:
    """How columns, numbers and lists are written in a language."""

    def __init__(self, dataset: Dataset, registries: Registries, language: str) -> None:
        self.dataset = dataset
        self.registries = registries
        self.language = language

    def say(self, vi: str, en: str) -> str:
        """Return the text of the language, `vi` or `en`."""
        return vi if self.language == "vi" else en

    def column(self, name: str) -> str:
        """Return how a column is called inside a sentence."""
        return called(name, self.dataset).get(self.language)

    def columns(self, names: Sequence[str]) -> str:
        """Return columns as a list in words."""
        return self.listed([self.column(name) for name in names])

    def listed(self, texts: Sequence[str]) -> str:
        """Return texts as a list in words: "a, b and c"; of many the first."""
        first, more = list(texts[:_LISTED]), len(texts) - _LISTED
        if more > 0:
            return ", ".join(first) + f" … (+{self.value(more)})"
        last = self.say(" và ", " and ")
        return last.join([", ".join(first[:-1]), first[-1]]) if len(first) > 1 else "".join(first)

    def value(self, value: Any) -> str:
        """Return a number with the language's separators, or a text without control characters."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "".join(char if char.isprintable() else "�" for char in str(value))[:_LONGEST]
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
        return self.say(text.translate(str.maketrans(",.", ".,")), text)

    def values(self, values: Sequence[Any]) -> str:
        """Return values with commas between them; of many the first, and how many more."""
        written = ", ".join(self.value(value) for value in values[:_LISTED])
        rest = len(values) - _LISTED
        return written if rest <= 0 else f"{written} … (+{self.value(rest)})"

    def one_of(self, values: Sequence[Any]) -> str:
        """Return "one of: a, b", or the only value."""
        only = self.values(values)
        return only if len(values) == 1 else self.say("một trong: ", "one of: ") + only

    def percent(self, share: float) -> str:
        """Return a share in percent."""
        return self.value(float(f"{share * 100:.10g}")) + "%"

    def areas(self, named: str | Iterable[str]) -> str:
        """Return areas and groups of areas by their names."""
        codes = self.registries.codelists[self.dataset.geography.codelist].codes
        groups = self.registries.area_groups
        return self.listed([
            groups[name].title.get(self.language) if name in groups
            else codes[name].name.get(self.language) if name in codes else self.value(name)
            for name in ([named] if isinstance(named, str) else named)
        ])

    def code(self, column: str, code: str) -> str:
        """Return the name of a code of a column, or the code itself."""
        if column == "indicator":
            return self.indicators([code])
        if column == "ref_area":
            return self.areas(code)
        dimension = self.dataset.dimensions.get(column)
        codelist = self.registries.codelists.get((dimension and dimension.codelist) or "")
        entry = codelist.codes.get(code) if codelist else None
        return f"“{entry.name.get(self.language) if entry else self.value(code)}”"

    def indicators(self, codes: Sequence[str]) -> str:
        """Return indicators by their names."""
        known = self.dataset.indicators
        return self.listed([
            f"“{known[code].name.get(self.language) if code in known else self.value(code)}”"
            for code in codes
        ])

    def narrowed(self, indicators: Sequence[str], where: Mapping[str, Any]) -> str:
        """Return the indicators and codes (`where`) of a check in brackets, or nothing for all."""
        parts = [self.indicators(indicators)] if indicators else []
        parts += [
            f"{self.column(column)} {self.code(column, str(code))}"
            for column, code in where.items()
        ]
        return f" ({', '.join(parts)})" if parts else ""

    def bounds(
        self, low: Any, high: Any, above: Any = None, below: Any = None, percent: bool = False
    ) -> str:
        """Return between which limits a number lies, shares in `percent`.

        `low` and `high` are included, `above` and `below` excluded.
        """
        write = self.percent if percent else self.value
        if low is not None and high is not None:
            if low == high:
                return self.say(f"bằng {write(low)}", f"exactly {write(low)}")
            return self.say(
                f"từ {write(low)} đến {write(high)}", f"between {write(low)} and {write(high)}"
            )
        words = (
            (above, "lớn hơn", "more than"), (low, "không nhỏ hơn", "at least"),
            (below, "nhỏ hơn", "less than"), (high, "không lớn hơn", "at most"),
        )
        parts = [self.say(vi, en) + " " + write(x) for x, vi, en in words if x is not None]
        return self.say(" và ", " and ").join(parts)

    def condition(self, condition: Mapping[str, Any]) -> str:
        """Return a `row_condition` of Great Expectations in words."""
        kind = condition["type"]
        if kind in ("and", "or"):
            joint = self.say(*{"and": (" và ", " and "), "or": (" hoặc ", " or ")}[kind])
            return joint.join(self.condition(part) for part in condition["conditions"])
        column = self.column(condition["column"]["name"])
        if kind == "nullity":
            if condition["is_null"]:
                return self.say(f"không có {column}", f"there is no {column}")
            return self.say(f"có {column}", f"there is a {column}")
        parameter = condition["parameter"]
        operand = self.values(parameter) if isinstance(parameter, list) else self.value(parameter)
        operator = words_of("operator")[condition["operator"]].get(self.language)
        return self.say(f"{column} {operator} {operand}", f"the {column} {operator} {operand}")
