"""A declaration, written from what was found in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from model.declarations.questions import OPEN, Question
from pipelines.cli.new.questions import (
    PUBLISHERS,
    guess_questions,
    metadata_questions,
    questions_text,
    unit_of,
)
from pipelines.cli.schema import SCHEMA_LINE
from sources.formats.payload import quoted
from sources.inspect.finding import RecognisedTable
from sources.inspect.search import Roles

_MAX_DECIMALS = 6
_UNKNOWN = json.dumps(OPEN)
_TOLERANCE = 0.01  # what a declaration has that does not say it


def declaration_text(
    title: str, found: RecognisedTable, roles: Roles, origin: Mapping[str, list[str]],
    notes: list[str],
) -> str:
    """Return the text of a declaration; what a person must confirm is listed in `questions`.

    Args:
        title: of the dataset, in words.
        found: the table, and the reader of it.
        roles: what its columns are.
        origin: `files` or `urls`, as the protocol's options have them.
        notes: what the person must know besides; a question each.
    """
    file = next(iter(origin.values()))[0].rpartition("/")[2]
    units, unit_questions = _units(roles)
    keyword = _text(title.lower())
    is_placed = "column" in roles.rules.get("ref_area", {})
    publisher = PUBLISHERS.get(found.protocol)
    lines = [
        SCHEMA_LINE,
        "# Written by `openindicators new --from`, from one file.",
        f"title: {{vi: {_UNKNOWN}, en: {_text(title)}}}",
        f"description: {{vi: {_UNKNOWN}, en: {_UNKNOWN}}}",
        f"publisher: {publisher or _UNKNOWN}",
        *([] if publisher else [f"licence: {_UNKNOWN}"]),
        f"keywords: {{vi: [{keyword}], en: [{keyword}]}}",
        f"frequency: {roles.frequency or _UNKNOWN}",
        "geography:",
        f"  codelist: {roles.codelist if is_placed and roles.codelist else _UNKNOWN}",
        f"  coverage: {_UNKNOWN}",
    ]
    if None in units.values():
        lines.append(f"indicator_defaults: {{unit: {_UNKNOWN}}}")
    lines.append("indicators:")
    for code, words in roles.indicators.items():
        unit = f" unit: {units[code]}," if units[code] else ""
        lines.append(
            f"  {_key(code)}: {{name: {{vi: {_text(words)}, en: {_text(words)}}},{unit}"
            f" decimals: {min(roles.decimals, _MAX_DECIMALS)}}}"
        )
    if roles.dimensions:
        lines.append("dimensions:")
        for name, codelist in roles.dimensions.items():
            words = _text(name.replace("_", " "))
            of = f", codelist: {codelist}" if codelist else ""
            lines.append(f"  {name}: {{name: {{vi: {words}, en: {words}}}{of}}}")
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
    asked = [*metadata_questions(found, roles, file, unit_questions),
             *guess_questions(found, roles, notes)]
    return "\n".join([*lines, *questions_text(asked)]) + "\n"


def _units(roles: Roles) -> tuple[dict[str, str | None], list[Question]]:
    """Return the unit of each indicator, None where it is asked for all at once; and questions."""
    units: dict[str, str | None] = {}
    asked: list[Question] = []
    for code, words in roles.indicators.items():
        unit, is_named = unit_of(words)
        units[code] = unit
        if unit and not is_named:
            asked.append(Question(
                field=f"indicators.{code}.unit", ask=f"Is the unit right: {unit}?",
                evidence=f"the words {quoted(words, 80)!r}",
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


def _text(words: str) -> str:
    return json.dumps(quoted(words, 300) or "value", ensure_ascii=False)


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", code) else json.dumps(code)


def _flow(value: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{key}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items()
    )
    return "{" + inner + "}"
