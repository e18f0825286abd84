"""What a message of SDMX is, in whichever form it comes: XML, JSON or CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

TIME = "TIME_PERIOD"
VALUE = "OBS_VALUE"

# An observation's own place in its part (its number, from 1, or its line), and what it says by
# the ids of the message.
Observation = tuple[int, Mapping[str, str | None]]

# The names of a code, by language ("" where the message tells no language).
Names = dict[str, str]

_URN = re.compile(r"(?:[^=]*=)?(?P<agency>[^:()]+):(?P<id>[^:()]+)(\([^)]*\))?.*", re.DOTALL)


@dataclass(frozen=True)
class Message:
    """A message's figures.

    ids: of its dimensions and attributes, in their order, without time and value; `<id>_label`
        where the message itself names the codes.
    structure: the id of the structure or the dataflow that describes it, "" where it tells none.
    """

    ids: tuple[str, ...]
    structure: str
    observations: Callable[[], Iterator[Observation]]


def reference(urn: str) -> tuple[str, str]:
    """Return agency and id of a reference, e.g. `IMF:ECOFIN_DSD(1.0)`, or as a whole URN."""
    found = _URN.fullmatch(urn.strip())
    return (found["agency"], found["id"]) if found else ("", urn.strip())


def best_name(names: Names) -> str | None:
    """Return the English name, or the one without a language, or any."""
    for language in ("en", ""):
        if names.get(language):
            return names[language]
    return next(filter(None, names.values()), None)
