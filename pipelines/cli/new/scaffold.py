"""A declaration, written from what was found in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from model.declarations.questions import OPEN, Question
from model.reference.registries import Registries
from model.util.text import LANGUAGES
from pipelines.cli.new.questions import (
    PUBLISHERS,
    covered_place,
    guess_questions,
    metadata_questions,
    questions_text,
)
from pipelines.cli.schema import SCHEMA_LINE
from sources.formats.payload import quoted
from sources.inspect.finding import RecognisedTable
from sources.inspect.search import Roles

_MAX_DECIMALS = 6
_UNKNOWN = json.dumps(OPEN)
_TOLERANCE = 0.01  # what a declaration has that does not say it


def declaration_text(
    titles: Mapping[str, str], found: RecognisedTable, roles: Roles,
    origin: Mapping[str, list[str]], notes: list[str], registries: Registries,
) -> str:
    """Return the text of a declaration; what a person must confirm is listed in `questions`.

    Args:
        titles: of the dataset, in the languages in which it is known.
        found: the table, and the reader of it.
        roles: what its columns are.
        origin: `files` or `urls`, as the protocol's options have them.
        notes: what the person must know besides; a question each.
        registries: the places and codelists.
    """
    file = next(iter(origin.values()))[0].rpartition("/")[2]
    units, unit_questions = _units(roles)
    keyword = _text(next(iter(titles.values())).lower())
    is_placed = "column" in roles.rules.get("ref_area", {})
    coverage = covered_place(roles, registries.places, registries.codelists) if is_placed else None
    publisher = PUBLISHERS.get(found.protocol)
    lines = [
        SCHEMA_LINE,
        "# Written by `openindicators new --from`, from one file.",
        f"title: {_in_languages(titles)}",
        f"description: {{vi: {_UNKNOWN}, en: {_UNKNOWN}}}",
        f"publisher: {publisher or _UNKNOWN}",
        f"keywords: {{vi: [{keyword}], en: [{keyword}]}}",
        f"frequency: {roles.frequency or _UNKNOWN}",
        "geography:",
        f"  codelist: {roles.codelist if is_placed and roles.codelist else _UNKNOWN}",
        f"  coverage: {coverage or _UNKNOWN}",
    ]
    if None in units.values():
        lines.append(f"indicator_defaults: {{unit: {_UNKNOWN}}}")
    lines.append("indicators:")
    for code, words in roles.indicators.items():
        unit = f" unit: {units[code]}," if units[code] else ""
        name = roles.names.get(code) or {"en": words}
        lines.append(
            f"  {_key(code)}: {{name: {_in_both(name)},{unit}"
            f" decimals: {min(roles.decimals, _MAX_DECIMALS)}}}"
        )
    if roles.dimensions:
        lines.append("dimensions:")
        for name, codelist in roles.dimensions.items():
            words = {"en": name.replace("_", " ")}
            of = f", codelist: {codelist}" if codelist else ""
            lines.append(f"  {name}: {{name: {_in_both(words)}{of}}}")
    if roles.tolerance:
        lines.append(f"tolerance: {_TOLERANCE}")
    lines += ["source:", f"  protocol: {found.protocol}"]
    for option, value in {**origin, **found.options}.items():
        lines.append(f"  {option}: {json.dumps(value, ensure_ascii=False)}")
    if roles.unpivot:
        lines.append(f"  unpivot: {_flow(roles.unpivot)}")
    if roles.where:
        lines.append(f"  where: {_flow(roles.where)}")
    lines.append("  columns:")
    for concept in ("indicator", "ref_area", *roles.dimensions, "time_period", "obs_value"):
        rule = roles.rules.get(concept) or {"column": OPEN}
        if concept == "ref_area" and not is_placed:
            rule = {"const": OPEN}
        lines.append(f"    {concept}: {_flow(rule)}")
    asked = [*metadata_questions(found, roles, file, titles, coverage, registries,
                                 unit_questions),
             *guess_questions(found, roles, notes)]
    return "\n".join([*lines, *questions_text(asked)]) + "\n"


def _units(roles: Roles) -> tuple[dict[str, str | None], list[Question]]:
    """Return the unit of each indicator, None where it is asked for all at once; and questions."""
    units: dict[str, str | None] = {}
    asked: list[Question] = []
    for code in roles.indicators:
        named = roles.units.get(code)
        units[code] = named.unit if named else None
        if named and not named.is_certain:
            asked.append(Question(
                field=f"indicators.{code}.unit", ask=f"Is the unit right: {named.unit}?",
                evidence=f"the words {quoted(named.words, 80)!r}",
            ))
    unknown = [roles.indicators[code] or code for code, unit in units.items() if unit is None]
    if unknown:
        names = ", ".join(repr(quoted(words, 40)) for words in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        asked.append(Question(
            field="indicator_defaults.unit",
            ask="In which unit are the figures? Where units differ, write them in the file.",
            evidence=f"no unit is named for {names}{more}",
        ))
    return units, asked


def _in_languages(texts: Mapping[str, str]) -> str:
    """Return a text in both languages, with "?" for one that is not known."""
    inner = ", ".join(
        f"{code}: {_text(texts[code]) if code in texts else _UNKNOWN}" for code in LANGUAGES
    )
    return "{" + inner + "}"


def _in_both(texts: Mapping[str, str]) -> str:
    """Return the source's words for a name, in a language that it lacks those of the other."""
    words = next(iter(texts.values()))
    return _in_languages({code: texts.get(code, words) for code in LANGUAGES})


def _text(words: str) -> str:
    return json.dumps(quoted(words, 300) or "value", ensure_ascii=False)


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", code) else json.dumps(code)


def _flow(value: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{key}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items()
    )
    return "{" + inner + "}"
