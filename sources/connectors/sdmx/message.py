"""A data message of SDMX, in any form: XML, JSON or CSV."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

TIME = "TIME_PERIOD"
VALUE = "OBS_VALUE"

# The place of an observation in its part (its number, from 1, or its line), and its values by the
# ids of the message.
SdmxObservation = tuple[int, Mapping[str, str | None]]

# The names of a code, by language ("" where the message names no language).
NamesByLanguage = dict[str, str]

_URN = re.compile(r"(?:[^=]*=)?(?P<agency>[^:()]+):(?P<id>[^:()]+)(\([^)]*\))?.*", re.DOTALL)


@dataclass(frozen=True)
class DataMessage:
    """The data of a message.

    ids: of its dimensions and attributes, in their order, without time and value; `<id>_label`
        where the message itself names the codes.
    structure: id of the structure or the dataflow to which it refers, "" where it names none.
    """

    ids: tuple[str, ...]
    structure: str
    observations: Callable[[], Iterator[SdmxObservation]]


def reference(urn: str) -> tuple[str, str]:
    """Return agency and id of a reference, e.g. `IMF:ECOFIN_DSD(1.0)`, or as a whole URN."""
    found = _URN.fullmatch(urn.strip())
    return (found["agency"], found["id"]) if found else ("", urn.strip())


def best_name(names: NamesByLanguage) -> str | None:
    """Return the English name, or the one without a language, or any."""
    for language in ("en", ""):
        if names.get(language):
            return names[language]
    return next(filter(None, names.values()), None)
