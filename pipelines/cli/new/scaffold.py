"""A declaration, written from what was found in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from model.util.text import fold
from pipelines.cli.schema import SCHEMA_LINE
from sources.formats.payload import quoted
from sources.inspect.finding import Guess, RecognisedTable
from sources.inspect.search import Roles

_UNITS = (
    (r"%|per ?cent|phan tram|ty le|rate \(|share of", "percent"),
    (r"per 100[ ,.]?000 live births", "per_100000_live_births"),
    (r"per 100[ ,.]?000", "per_100000"), (r"per 1[ ,.]?000 live births", "per_1000_live_births"),
    (r"per 10[ ,.]?000", "per_10000"), (r"per 1[ ,.]?000", "per_1000"),
    (r"ty dong|billion (vn)?dong", "billion_vnd"), (r"\bvnd\b|dong viet nam", "vnd"),
    (r"us\$|\busd\b|current us", "usd"), (r"km2|km²|square km", "km2"),
    (r"\bindex\b|chi so", "index"), (r"\byears\b", "years"), (r"\brank\b", "rank"),
)
_MAX_DECIMALS = 6


def declaration_text(
    title: str, found: RecognisedTable, roles: Roles, origin: Mapping[str, list[str]],
    notes: list[str],
) -> str:
    """Return the text of a declaration; what is unsure is a comment at its line.

    Args:
        title: of the dataset, in words.
        found: the table, and the reader of it.
        roles: what its columns are.
        origin: `files` or `urls`, as the protocol's options have them.
        notes: what the person must know besides, a comment each.
    """
    lines = [
        SCHEMA_LINE,
        "# Written by `openindicators new --from`, from one file. What it could not know, or is",
        "# unsure of, is marked `# unsure:`. Read each of them, and take the mark away.",
        *(f"# {note}" for note in notes),
        "title:",
        f"  vi: {_text(f'{title} (tên tiếng Việt)')}   # unsure: write the title",
        f"  en: {_text(title)}",
        "description:",
        '  vi: "Mỗi dòng là gì, ai thu thập, dùng để làm gì."   # unsure: write it',
        '  en: "What a row is, who collects it, what it is for."',
        "publisher: da_nang_city   # unsure: who publishes it? model/reference/registry/"
        "publishers.yaml",
        "licence: DA-NANG-OPEN   # unsure: which licence? model/reference/registry/licences.yaml",
        "keywords:",
        "  vi: [Đà Nẵng]",
        "  en: [Da Nang]",
        _line("frequency:", roles.frequency or "", roles.notes.get("frequency")
              or _unknown("frequency", "A year, S half-year, Q quarter, M month, W week, D day")),
        "geography:",
        f"  codelist: {roles.codelist}" + _mark(roles.notes.get("ref_area")),
        "  coverage: {vi: Đà Nẵng, en: Da Nang}   # unsure: say which area it is about",
        "indicators:",
    ]
    for code, words in roles.indicators.items():
        unit, mark = _unit(words or title)
        lines.append(
            f"  {_key(code)}: {{name: {{vi: {_text(words)}, en: {_text(words)}}}, unit: {unit},"
            f" decimals: {min(roles.decimals, _MAX_DECIMALS)}}}{mark}"
        )
    if roles.dimensions:
        lines.append("dimensions:")
        for name, codelist in roles.dimensions.items():
            words = _text(name.replace("_", " "))
            of = f", codelist: {codelist}" if codelist else ""
            lines.append(f"  {name}: {{name: {{vi: {words}, en: {words}}}{of}}}"
                         + _mark(roles.notes.get(name)))
    if roles.tolerance:
        lines.append(f"tolerance: {roles.tolerance}   # unsure: so many rows will be quarantined")
    lines += ["source:", f"  protocol: {found.protocol}"]
    sure = {guess.what: guess for guess in found.guesses}
    for option, value in {**origin, **found.options}.items():
        lines.append(_line(f"  {option}:", json.dumps(value, ensure_ascii=False),
                           sure.get(option)))
    if roles.unpivot:
        lines.append(_line("  unpivot:", _flow(roles.unpivot), roles.notes.get("unpivot")))
    if roles.where:
        lines.append(_line("  where:", _flow(roles.where), roles.notes.get("where")))
    lines.append("  columns:")
    for concept in ("indicator", "ref_area", *roles.dimensions, "time_period", "obs_value"):
        rule = roles.rules.get(concept)
        note = roles.notes.get("locale") if concept == "obs_value" else None
        note = note if note and note.certainty == "unsure" else roles.notes.get(concept)
        lines.append(_line(
            f"    {concept}:", _flow(rule) if rule else "{column: }",
            note or (None if rule else _unknown(concept, "which column has it?")),
        ))
    return "\n".join(lines) + "\n"


def _line(start: str, value: str, guess: Guess | None) -> str:
    return f"{start} {value}".rstrip() + _mark(guess)


def _mark(guess: Guess | None) -> str:
    if guess is None or guess.certainty != "unsure":
        return ""
    return f"   # unsure: {quoted(guess.why, 300)}"


def _unknown(what: str, why: str) -> Guess:
    return Guess(what, "", "unsure", why)


def _text(words: str) -> str:
    return json.dumps(quoted(words, 300) or "?", ensure_ascii=False)


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", code) else json.dumps(code)


def _flow(value: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{key}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items()
    )
    return "{" + inner + "}"


def _unit(words: str) -> tuple[str, str]:
    folded = fold(words)
    for source_schema, unit in _UNITS:
        if re.search(source_schema, folded):
            return unit, f"   # unsure: the unit, from {quoted(words, 60)!r}".replace("\n", " ")
    return "count", "   # unsure: the unit; see model/reference/registry/units.yaml"
