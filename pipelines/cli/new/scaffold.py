"""A declaration, written from what was found in a file."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from model.declarations.dataset import BOUNDS
from model.declarations.questions import OPEN, Question
from model.reference.registries import Registries
from model.util.languages import languages
from pipelines.cli.new.questions import (
    PUBLISHERS,
    covered_place,
    guess_questions,
    has_licence,
    metadata_questions,
    named_publisher,
    questions_text,
)
from pipelines.cli.schema import SCHEMA_LINE
from sources.formats.payload import quoted
from sources.inspect.finding import RecognisedTable
from sources.inspect.search import Roles
from sources.inspect.tables.areas import names_a_unit
from sources.inspect.tables.titles import UNIT_LINE
from sources.inspect.tables.units import NamedUnit

SUITE = f"""\
{SCHEMA_LINE}
# What must be true of it, beyond what the declaration says by itself (keys, codes, units,
# bounds). Names, kwargs and severities are Great Expectations' own.
expectations:
  - type: expect_table_row_count_to_be_between
    kwargs: {{min_value: 1}}
    severity: critical
  - type: expect_column_values_to_not_be_null
    kwargs: {{column: obs_value}}
    severity: warning
"""

_MAX_DECIMALS = 6
_MADE = ("category", "figure", "heading", "part_of_year")  # columns that no source names
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
    units, shared, unit_questions = _units(roles, found.above)
    keyword = _text(next(iter(titles.values())).lower())
    is_placed = "column" in roles.rules.get("ref_area", {})
    coverage = covered_place(roles, registries.places, registries.codelists) if is_placed else None
    areas = roles.codelist if is_placed and roles.codelist else _UNKNOWN
    publisher = PUBLISHERS.get(found.protocol) or named_publisher(found, registries)
    whole = found.above and len(titles) < len(languages())
    words = next(iter(titles.values()))
    every_title = {code: titles.get(code, words) for code in languages()} if whole else titles
    lines = [
        SCHEMA_LINE,
        "# Written by `openindicators new --from`, from one file.",
        f"title: {_in_languages(every_title)}",
        f"description: {_in_languages(_descriptions(roles))}",
        f"publisher: {publisher or _UNKNOWN}",
        *([f"licence: {_UNKNOWN}"] if publisher and not has_licence(publisher, registries) else []),
        f"keywords: {{{', '.join(f'{code}: [{keyword}]' for code in languages())}}}",
        f"frequency: {roles.frequency or _UNKNOWN}",
        f"geography: {{codelist: {areas}, coverage: {coverage or _UNKNOWN}}}",
    ]
    defaults = [f"unit: {shared if shared != OPEN else _UNKNOWN}"] if shared else []
    bounds = tuple(bound for bound in BOUNDS if bound in roles.rules)
    if bounds:
        defaults.append("interval: {kind: range}")
    if roles.shared_basis:
        defaults.append(f"definition: {_in_both(roles.shared_basis.texts)}")
    if defaults:
        lines.append(f"indicator_defaults: {{{', '.join(defaults)}}}")
    lines.append("indicators:")
    for code, words in roles.indicators.items():
        unit = f" unit: {units[code]}," if units[code] else ""
        called = roles.names.get(code) or {"en": words}
        basis = None if roles.shared_basis else roles.bases.get(code)
        defined = f" definition: {_in_both(basis.texts)}," if basis else ""
        lines.append(
            f"  {_key(code)}: {{name: {_in_both(called)},{unit}{defined}"
            f" decimals: {min(roles.decimals, _MAX_DECIMALS)}}}"
        )
    if roles.dimensions:
        lines.append("dimensions:")
        for name, codelist in roles.dimensions.items():
            of = f", codelist: {codelist}" if codelist else ""
            column = str(roles.rules[name].get("column"))
            made = column in _MADE or re.fullmatch(r"column_\d+", column) is not None
            called = {"en": name.replace("_", " ") if made else column}
            lines.append(f"  {name}: {{name: {_in_both(called)}{of}}}")
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
    status = ("obs_status",) if "obs_status" in roles.rules else ()
    measured = ("time_period", "obs_value", *bounds, *status)
    for concept in ("indicator", "ref_area", *roles.dimensions, *measured):
        rule = roles.rules.get(concept) or {"column": OPEN}
        if concept == "ref_area" and not is_placed:
            rule = {"const": OPEN}
        lines.append(f"    {concept}: {_flow(rule)}")
    asked = [*metadata_questions(found, roles, file, titles, coverage, registries, unit_questions),
             *guess_questions(found, roles, notes)]
    return "\n".join([*lines, *questions_text(asked)]) + "\n"


def _units(
    roles: Roles, above: Sequence[str]
) -> tuple[dict[str, str | None], str | None, list[Question]]:
    """Return each indicator's unit, None where it has the shared one; the shared one; questions.

    A unit that is only likely is asked about once where all indicators have it from the title.

    Args:
        roles: of the columns.
        above: the lines above the table, one of which may name a unit that is not known.
    """
    units: dict[str, str | None] = {}
    likely: dict[str, NamedUnit] = {}
    for code in roles.indicators:
        named = roles.units.get(code)
        units[code] = named.unit if named else None
        if named and not named.is_certain:
            likely[code] = named
    unknown = [code for code, unit in units.items() if unit is None]
    if unknown:
        names = ", ".join(_unknown(code, roles) for code in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        asked = [_is_right(f"indicators.{code}.unit", unit) for code, unit in likely.items()]
        asked.append(Question(
            field="indicator_defaults.unit",
            ask="In which unit are the figures? Where units differ, write them in the file.",
            evidence=f"no unit is named for {names}{more}" + "".join(
                f"; {column} is {values[0]}" for column, values in roles.where.items()
                if names_a_unit(column.lower())
            ) + "".join(f"; above the table: {quoted(line, 80)}" for line in above
                        if UNIT_LINE.match(line)),
        ))
        return units, OPEN, asked
    one = next(iter(likely.values()), None)
    if one is None or len({unit.unit for unit in likely.values()}) > 1:
        return units, None, [
            _is_right(f"indicators.{code}.unit", unit) for code, unit in likely.items()
        ]
    kept = {code: None if code in likely else unit for code, unit in units.items()}
    of = [roles.indicators[code] or code for code in likely] if len(likely) < len(units) else []
    return kept, one.unit, [_is_right("indicator_defaults.unit", one, of)]


def _unknown(code: str, roles: Roles) -> str:
    """Return an indicator's name and what the source says of its unit, which names none."""
    name = repr(quoted(roles.indicators[code] or code, 40))
    said = roles.unknown_units.get(code)
    return f"{name} (its unit in the source, {quoted(said, 40)!r}, is unknown)" if said else name


def _is_right(field: str, unit: NamedUnit, of: Sequence[str] = ()) -> Question:
    """Return the question on a unit; `of` are the indicators that have it, where others do not."""
    doubt = "; the figures may be in thousands or millions" if unit.unit == "count" else ""
    names = ", ".join(repr(quoted(name, 60)) for name in of[:5])
    more = f" and {len(of) - 5} more" if len(of) > 5 else ""
    times = f", after multiplying by {unit.factor:,g}" if unit.factor != 1 else ""
    return Question(
        field=field,
        ask=f"Is the unit right: {unit.unit}{times}{f' (of {names}{more})' if names else ''}?",
        evidence=f"the words {quoted(unit.words, 80)!r}{doubt}",
    )


_EACH = {  # what a row is for, by frequency
    "A": ("năm", "year"), "S": ("nửa năm", "half-year"), "Q": ("quý", "quarter"),
    "M": ("tháng", "month"), "W": ("tuần", "week"), "D": ("ngày", "day"),
}


def _descriptions(roles: Roles) -> dict[str, str]:
    """Return what a row is; nothing where the period is not known."""
    period = _EACH.get(str(roles.frequency))
    if period is None:
        return {}
    vietnamese, english = ("khu vực, mỗi phân tổ", "area, category") if roles.dimensions else (
        "khu vực", "area")
    return {
        "vi": f"Mỗi {vietnamese} và mỗi {period[0]} một dòng, theo bảng của nguồn.",
        "en": f"One row for each {english} and {period[1]}, as in the source's table.",
    }


def _in_languages(texts: Mapping[str, str]) -> str:
    """Return a text in both languages, with "?" for one that is not known."""
    inner = ", ".join(
        f"{code}: {_text(texts[code]) if code in texts else _UNKNOWN}" for code in languages()
    )
    return "{" + inner + "}"


def _in_both(texts: Mapping[str, str]) -> str:
    """Return the source's words for a name, in a language that it lacks those of the other."""
    words = next(iter(texts.values()))
    return _in_languages({code: texts.get(code, words) for code in languages()})


def _text(words: str) -> str:
    return json.dumps(quoted(words, 300) or "value", ensure_ascii=False)


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-]*", code) else json.dumps(code)


def _flow(value: Mapping[str, Any]) -> str:
    inner = ", ".join(
        f"{key}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items()
    )
    return "{" + inner + "}"
