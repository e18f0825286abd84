"""What a source's texts mean: each distinct one is read once, in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from model.declarations.dataset import Dataset
from model.declarations.source import ColumnRule
from model.reference.periods import parse_period
from model.reference.registries import Registries
from model.util.sql import identifier
from warehouse.cleaning.area_codes import SEPARATOR, code_reader
from warehouse.cleaning.observation_flags import unmarked

OBS_STATUSES = {"A", "B", "E", "F", "I", "N", "O", "P", "Q", "U"}


@dataclass(frozen=True)
class Meaning:
    """What a distinct source text means: a value with its marks, or why it means nothing."""

    value: str | None
    status: str | None = None
    note: str | None = None
    reject: str | None = None


def reader_for(
    concept: str, rule: ColumnRule, dataset: Dataset, registries: Registries
) -> Callable[[str], Meaning]:
    """Return the function that reads one distinct text of a concept."""
    codelist_name = rule.codelist
    if codelist_name is None and concept == "ref_area":
        codelist_name = dataset.geography.codelist
    if codelist_name is None and concept in dataset.dimensions:
        codelist_name = dataset.dimensions[concept].codelist
    code_of = None
    if codelist_name is not None:
        code_of = code_reader(rule, registries.codelists[codelist_name], registries)

    def read(text: str) -> Meaning:
        text, _, name = text.partition(SEPARATOR)  # there is a name where the rule has `named`
        label, status, note = unmarked(text, rule.marks)
        found = meaning(text, label, name)
        return replace(found, status=status or found.status, note=note)

    def meaning(text: str, label: str, name: str) -> Meaning:
        if label in rule.map:
            label = rule.map[label]
        if concept == "time_period":
            try:
                period = parse_period(label, rule.format)
            except ValueError as error:
                return Meaning(None, reject=f"time period: {error}")
            return Meaning(period.iso, period.status)
        if concept == "obs_status":
            if label in ("", "A") or label in OBS_STATUSES:
                return Meaning(label or None)
            known = ", ".join(sorted({*OBS_STATUSES, *rule.map}))
            return Meaning(None, reject=f"status {text!r} is none of {known}")
        if code_of is not None:
            try:
                return Meaning(code_of(label, name))
            except ValueError as error:
                return Meaning(None, reject=f"{concept}: {error}")
        return Meaning(label or None, reject=None if label else f"{concept} is empty")

    return read


def text_of(rule: ColumnRule) -> str:
    """Return SQL for the text that a rule reads: a cell, or a code with the name beside it."""
    text = f"CAST(raw.{identifier(str(rule.column))} AS VARCHAR)"
    if rule.named is None:
        return text
    name = f"coalesce(CAST(raw.{identifier(rule.named)} AS VARCHAR), '')"
    return f"{text} || '{SEPARATOR}' || {name}"


def look_up(
    con: duckdb.DuckDBPyConnection, table: str, text: str, read: Callable[[str], Meaning]
) -> None:
    """Make the small table (source, value, status, note, reject) for the distinct texts."""
    rows = con.execute(
        f"SELECT DISTINCT {text} AS source FROM raw WHERE source IS NOT NULL ORDER BY 1"
    ).fetchall()
    answers = [(text, read(text)) for (text,) in rows]
    small = pa.table(
        {
            "source": pa.array([text for text, _ in answers], pa.string()),
            "value": pa.array([answer.value for _, answer in answers], pa.string()),
            "status": pa.array([answer.status for _, answer in answers], pa.string()),
            "note": pa.array([answer.note for _, answer in answers], pa.string()),
            "reject": pa.array([answer.reject for _, answer in answers], pa.string()),
        }
    )
    con.register("_small", small)
    con.execute(f"CREATE TABLE {identifier(table)} AS SELECT * FROM _small")
    con.unregister("_small")
