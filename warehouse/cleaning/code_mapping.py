"""Code mapping: what each distinct text of a source means, looked up once, in Python."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from model.declarations.dataset import FOOTNOTES, Dataset
from model.declarations.source import ColumnRule
from model.records.reject_reasons import RejectError, RejectReason, reason
from model.reference.periods import YEARS, YearOutOfRangeError, parse_period
from model.reference.registries import Registries
from model.util.sql import identifier
from warehouse.cleaning.area_codes import SEPARATOR, code_reader
from warehouse.cleaning.observation_flags import unmarked

OBS_STATUSES = {"A", "B", "E", "F", "I", "N", "O", "P", "Q", "U"}


@dataclass(frozen=True)
class MappedText:
    """What a distinct source text means: a value with its marks, or why it cannot be read."""

    value: str | None
    status: str | None = None
    note: str | None = None
    footnotes: str | None = None
    reject: tuple[RejectReason, ...] = ()


def reader_for(
    concept: str, rule: ColumnRule, dataset: Dataset, registries: Registries
) -> Callable[[str], MappedText]:
    """Return the function that reads one distinct text of a `concept` by the `rule` of its column.

    The codes are those of the `dataset` and of the codelists in `registries`.
    """
    codelist_name = rule.codelist
    if codelist_name is None and concept == "ref_area":
        codelist_name = dataset.geography.codelist
    if codelist_name is None and concept in dataset.dimensions:
        codelist_name = dataset.dimensions[concept].codelist
    code_of = None
    if codelist_name is not None:
        code_of = code_reader(rule, registries.codelists[codelist_name], registries)

    def read(text: str) -> MappedText:
        text, _, name = text.partition(SEPARATOR)  # there is a name where the rule has `named`
        label, status, note, footnotes = unmarked(text, rule.marks)
        found = mapped(text, label, name)
        return replace(found, status=status or found.status, note=note, footnotes=footnotes)

    def mapped(text: str, label: str, name: str) -> MappedText:
        if concept == FOOTNOTES:
            return _footnotes(label, rule, dataset)
        if label in rule.map:
            label = rule.map[label]
        if concept == "time_period":
            try:
                period = parse_period(label, rule.format)
            except YearOutOfRangeError:
                return MappedText(None, reject=(reason("year_outside", text=label, range=YEARS),))
            except ValueError as error:
                return MappedText(None, reject=(reason("period", text=label, detail=str(error)),))
            return MappedText(period.iso, period.status)
        if concept == "obs_status":
            if label in ("", "A") or label in OBS_STATUSES:
                return MappedText(label or None)
            known = ", ".join(sorted({*OBS_STATUSES, *rule.map}))
            return MappedText(None, reject=(reason("status", text=text, known=known),))
        if code_of is not None:
            try:
                return MappedText(code_of(label, name))
            except RejectError as error:
                first, *more = error.reasons
                named = RejectReason(first.code, {**first.params, "concept": concept})
                return MappedText(None, reject=(named, *more))
        if not label:
            return MappedText(None, reject=(reason("empty", concept=concept),))
        return MappedText(label)

    return read


def _footnotes(label: str, rule: ColumnRule, dataset: Dataset) -> MappedText:
    """Return the footnotes that a cell names: one label, or several between commas or blanks."""
    labels = [label] if label in rule.map else re.split(r"[\s,;]+", label)
    found = {rule.map.get(each, each) for each in labels if each}
    if unknown := sorted(found - set(dataset.footnotes)):
        return MappedText(None, reject=(reason("footnote", text=unknown[0]),))
    return MappedText(" ".join(sorted(found)) or None)


def text_of(rule: ColumnRule) -> str:
    """Return SQL for the text that a rule reads: a cell, with what stands beside it if declared."""
    text = f"CAST(raw.{identifier(str(rule.column))} AS VARCHAR)"
    if rule.followed_by is not None:
        text = f"concat_ws(' ', {text}, CAST(raw.{identifier(rule.followed_by)} AS VARCHAR))"
    if rule.named is None:
        return text
    name = f"coalesce(CAST(raw.{identifier(rule.named)} AS VARCHAR), '')"
    return f"{text} || '{SEPARATOR}' || {name}"


def look_up(
    con: duckdb.DuckDBPyConnection, table: str, text: str, read: Callable[[str], MappedText]
) -> None:
    """Create on `con` a `table` (source, value, status, note, footnotes, reject) of distinct texts.

    `text` is the SQL of the texts in `raw`; `read` reads each once.
    """
    rows = con.execute(
        f"SELECT DISTINCT {text} AS source FROM raw WHERE source IS NOT NULL ORDER BY 1"
    ).fetchall()
    found = [(text, read(text)) for (text,) in rows]
    small = pa.table(
        {
            "source": pa.array([text for text, _ in found], pa.string()),
            "value": pa.array([each.value for _, each in found], pa.string()),
            "status": pa.array([each.status for _, each in found], pa.string()),
            "note": pa.array([each.note for _, each in found], pa.string()),
            "footnotes": pa.array([each.footnotes for _, each in found], pa.string()),
            "reject": pa.array(
                [",".join(why.as_json() for why in each.reject) or None
                 for _, each in found], pa.string(),
            ),
        }
    )
    con.register("_small", small)
    con.execute(f"CREATE TABLE {identifier(table)} AS SELECT * FROM _small")
    con.unregister("_small")
