"""Selections of PX-Web 2: the codes that they select, cut into parts that a service can answer.

https://github.com/PxTools/PxApiSpecs, "Selection expressions". They are evaluated here, since only
codes can be counted and cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Selection = dict[str, list[str]]  # the requested codes, by variable

_FUNCTION = re.compile(r"(TOP|BOTTOM|RANGE|FROM|TO)\((.*)\)", re.IGNORECASE)


@dataclass(frozen=True)
class VariableCodes:
    """A variable's codes in the order of the metadata; those of time run from old to new."""

    codes: list[str]
    is_time: bool = False

    def picked(self, value: str) -> list[str]:
        """Return the codes that an expression selects, [] where there are none."""
        if value in self.codes:
            return [value]
        found = _FUNCTION.fullmatch(value)
        if found:
            arguments = [each.strip() for each in found[2].split(",")]
            if found[1].upper() in ("TOP", "BOTTOM"):
                return self._end(found[1].upper() == "TOP", arguments)
            return self._span(found[1].upper(), arguments)
        if "*" in value or "?" in value:
            pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
            return [code for code in self.codes if re.fullmatch(pattern, code, re.IGNORECASE)]
        return []

    def _end(self, is_top: bool, arguments: list[str]) -> list[str]:
        """TOP is the beginning of the list; for time the newest periods, which are at its end."""
        if len(arguments) > 2 or not all(a.isdecimal() and len(a) < 10 for a in arguments):
            return []
        count, offset = int(arguments[0]), int(arguments[1]) if len(arguments) == 2 else 0
        if is_top != self.is_time:
            return self.codes[offset : offset + count]
        return self.codes[::-1][offset : offset + count][::-1]

    def _span(self, function: str, arguments: list[str]) -> list[str]:
        if not all(each in self.codes for each in arguments):
            return []
        positions = [self.codes.index(each) for each in arguments]
        if function == "RANGE" and len(positions) == 2:
            return self.codes[positions[0] : positions[1] + 1]
        if function == "FROM" and len(positions) == 1:
            return self.codes[positions[0] :]
        is_to = function == "TO" and len(positions) == 1
        return self.codes[: positions[0] + 1] if is_to else []


def codes_of(metadata: dict[str, Any]) -> dict[str, VariableCodes]:
    """Return each variable's codes from a table's metadata in JSON-stat 2."""
    role = metadata.get("role")
    times = role.get("time") if isinstance(role, dict) else None
    of_time = [str(each) for each in times] if isinstance(times, list) else []
    return {
        str(key): VariableCodes(_listed(described), str(key) in of_time)
        for key, described in metadata["dimension"].items()
    }


def _listed(described: Any) -> list[str]:
    category = described.get("category") if isinstance(described, dict) else None
    if not isinstance(category, dict):
        return []
    index = category.get("index")
    if isinstance(index, dict):
        positions = {str(code): str(position) for code, position in index.items()}
        if all(each.isdecimal() and len(each) < 10 for each in positions.values()):
            return sorted(positions, key=lambda code: int(positions[code]))
    if isinstance(index, list):
        return [str(code) for code in index]
    labels = category.get("label")
    return [str(code) for code in labels] if isinstance(labels, dict) else []


def in_parts(selection: Selection, limit: int) -> Iterator[Selection]:
    """Cut a selection into parts of at most `limit` cells, along its longest variables."""
    if math.prod(map(len, selection.values())) <= limit:
        yield selection
        return
    longest = max(selection, key=lambda variable: len(selection[variable]))
    others = math.prod(len(codes) for key, codes in selection.items() if key != longest)
    codes = selection[longest]
    size = max(1, min(limit // others, len(codes) - 1))
    for start in range(0, len(codes), size):
        yield from in_parts({**selection, longest: codes[start : start + size]}, limit)
