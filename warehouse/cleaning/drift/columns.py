"""What changed in a source's columns, types, units, titles and parts."""

import re
from collections.abc import Iterable, Mapping

from model.declarations.source import ColumnRule, Source
from model.records.source_schema import Drift, SourceSchema
from model.util.languages import N_
from model.util.text import LocalizedText, _, joined
from warehouse.cleaning.drift.wording import (
    COMPARE,
    FIX,
    LOOK,
    NEAR,
    alike,
    differing,
    name_of,
    names_of,
)
from warehouse.cleaning.schema_inspection import read_columns

# Concepts whose text may be anything: their column has no type to keep.
FREE = {"time_period", "obs_note", "obs_status"}


def table_drift(
    last: SourceSchema, now: SourceSchema, source: Source, rules: Mapping[str, ColumnRule],
    sql: str | None,
) -> list[Drift]:
    """Return what changed from `last` to `now` in columns, types, units, titles and parts.

    The most important comes first. The `source`'s `rules` say where each concept comes from, `sql`
    is the declaration's SQL.
    """
    if last.read_by != now.read_by:
        return []
    used = _Used(source, rules, sql)
    found = [
        *_columns(last, now, source, used), *_types(last, now, rules, used),
        *_units(last, now), *_titles(last, now), *_parts(last, now),
    ]
    return sorted(found, key=lambda item: not item.stops)


class _Used:
    """Which columns the declaration relies on."""

    def __init__(self, source: Source, rules: Mapping[str, ColumnRule], sql: str | None) -> None:
        self.names = read_columns(rules) | set(source.where)
        self.wide = source.unpivot
        self.sql = (sql or "").casefold()

    def unpivots(self, name: str) -> bool:
        """Whether a column becomes rows."""
        if self.wide is None:
            return False
        if self.wide.columns is not None:
            return name in self.wide.columns
        return re.fullmatch(self.wide.matching or "", name) is not None

    def __call__(self, name: str) -> bool:
        return name in self.names or self.unpivots(name) or name.casefold() in self.sql


def _columns(last: SourceSchema, now: SourceSchema, source: Source, used: _Used) -> Iterable[Drift]:
    gone = [name for name in last.columns if name not in now.columns]
    new = [name for name in now.columns if name not in last.columns]
    nearest = _pairs(last, now, gone, new)
    for name in gone:
        stops = used(name)
        yield Drift(
            kind="column", stops=stops, todo=FIX if stops else LOOK,
            what=_gone_words(name, nearest.get(name), last, now),
        )
    for name in new:
        if name in nearest.values() or used.unpivots(name):
            continue  # reported already; or its name is a label, reported as a code
        stops = not source.allow.new_columns
        yield Drift(
            kind="column", stops=stops, todo=FIX if stops else LOOK,
            what=_("new column {name}", name=name_of(name)),
        )


def _gone_words(
    name: str, near: str | None, last: SourceSchema, now: SourceSchema
) -> LocalizedText:
    gone = _("column {name} is gone", name=name_of(name))
    if near is None:
        return gone
    found = _("{gone}; nearest new column: {near}", gone=gone, near=name_of(near))
    same = _same_values(last, now, name, near)
    return found if not same else _(
        "{found} ({same} of {all} sampled values are the same)",
        found=found, same=same, all=len(last.columns[name].sketch),
    )


def _same_values(last: SourceSchema, now: SourceSchema, old: str, new: str) -> int:
    return len({*last.columns[old].sketch} & {*now.columns[new].sketch})


def _pairs(
    last: SourceSchema, now: SourceSchema, gone: list[str], new: list[str]
) -> dict[str, str]:
    """Return the nearest new column of each that is gone, each at most once."""

    def likeness(old: str, name: str) -> float:
        share = _same_values(last, now, old, name) / max(1, len(last.columns[old].sketch))
        return max(share, alike(old, name))

    ranked = sorted((-likeness(old, name), old, name) for old in gone for name in new)
    found: dict[str, str] = {}
    for score, old, name in ranked:
        if -score >= NEAR and old not in found and name not in found.values():
            found[old] = name
    return found


def _types(
    last: SourceSchema, now: SourceSchema, rules: Mapping[str, ColumnRule], used: _Used
) -> Iterable[Drift]:
    free = {rule.column for concept, rule in rules.items() if concept in FREE}
    for name, before in last.columns.items():
        current = now.columns.get(name)
        # A few odd cells make a column "mixed"; the rows concerned are quarantined, with reasons.
        if current is None or name in free or {before.kind, current.kind} & {"mixed", "empty"}:
            continue
        if before.kind != current.kind:
            stops = used(name)
            yield Drift(
                kind="type", stops=stops, todo=FIX if stops else LOOK,
                what=_(
                    "column {name} was {before}, is now {now}", name=name_of(name),
                    before=_(_KINDS[before.kind]), now=_(_KINDS[current.kind]),
                ),
            )


_KINDS = {
    "number": N_("number"), "number as text": N_("number as text"), "date": N_("date"),
    "text": N_("text"), "other": N_("other"),
}


def _units(last: SourceSchema, now: SourceSchema) -> Iterable[Drift]:
    for key, before in last.units.items():
        current = now.units.get(key)
        if current is not None and current != before:
            yield Drift(
                kind="unit", stops=True, todo=FIX,
                what=_(
                    "the unit ({name}) was {before}, is now {now}",
                    name=name_of(key), before=names_of(before), now=names_of(current),
                ),
            )


def _titles(last: SourceSchema, now: SourceSchema) -> Iterable[Drift]:
    """Compare the text above the tables; years and other numbers of one or two digits may change.

    A table without a title, or from before titles were noted, is not compared. Another unit or
    multiplier there ("Đơn vị: triệu đồng") stops a release: the declared one would be wrong.
    """
    before, current = (
        {
            _UNDATED.sub("#", text): text
            for text in (each.what.get("en") for each in schema.unread if each.kind == "title")
        }
        for schema in (last, now)
    )
    gone = [text for key, text in before.items() if key not in current]
    new = [text for key, text in current.items() if key not in before]
    if (gone and current) or (before and _unit_lines(new)):
        old, text = differing(" ".join(gone), " ".join(new))
        stops = bool(new) and (
            _multipliers(gone) != _multipliers(new) or _unit_lines(gone) != _unit_lines(new))
        yield Drift(
            kind="title", stops=stops, todo=FIX if stops else COMPARE,
            what=_(
                "the text above the table was {before}, is now {now}",
                before=name_of(old), now=name_of(text),
            ),
        )


def _multipliers(texts: Iterable[str]) -> list[str]:
    return sorted(_MULTIPLIER.findall(" ".join(texts).casefold()))


def _unit_lines(texts: Iterable[str]) -> list[str]:
    return sorted(re.sub(r"\W+", " ", text).strip().casefold() for text in texts
                  if _UNIT_LINE.match(text))


# "Tỷ lệ" and the like are no billions.
_MULTIPLIER = re.compile(
    r"\b(?:nghìn|ngàn|triệu|t[ỷỉ](?! (?:lệ|suất|trọng|số|giá))"
    r"|thous(?=ands?\b|\b)|mill?(?=ions?\b|\b)|bill?(?=ions?\b|\b)|trill(?=ions?\b|\b))")
_UNIT_LINE = re.compile(r"\W*(?:đơn vị(?: tính)?|đvt|units?)\s*[:.]", re.IGNORECASE)
_UNDATED = re.compile(r"\b(\d{1,2}|(19|20)\d\d)\b")


def _parts(last: SourceSchema, now: SourceSchema) -> Iterable[Drift]:
    gone = [name for name in last.parts if name not in now.parts]
    new = [name for name in now.parts if name not in last.parts]
    what = [_("file gone: {names}", names=names_of(gone))] if gone else []
    what += [_("new file: {names}", names=names_of(new))] if new else []
    if what:
        yield Drift(kind="part", stops=False, todo=LOOK, what=joined(what))
