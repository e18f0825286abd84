"""Metadata worth looking at in Dagster: counts, checksums, schema, a preview, a sparkline."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from model.declarations.dataset import Dataset
from model.records.release import Publication
from model.records.release_blockers import in_words
from model.records.validation import CheckResult
from model.records.validation_log import ValidationRun
from model.util.sql import literal
from pipelines.steps.bound_dataset import BoundDataset
from pipelines.steps.release import Released
from portal.names import Names
from portal.site.site import PREVIEW
from portal.vocabulary import ColumnWords
from warehouse.cleaning.clean import CleanStats
from warehouse.engine import connect
from warehouse.store.drafts import DraftEvent
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot
from warehouse.store.working_tables import Validated

PREVIEW_ROWS = 10
BARS = "▁▂▃▄▅▆▇█"


@lru_cache(maxsize=1)  # of the four assets of a dataset, one after the other
def code_references(declaration: Path, suite: Path | None) -> dict[str, Any]:
    """Return links from an asset to the files that declare it: `declaration` and `suite`."""
    files = {"declaration": declaration, "suite": suite}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        references: list[dg.LocalFileCodeReference | dg.UrlCodeReference] = [
            dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=label)
            for label, path in files.items()
            if path is not None
        ]
        return {
            "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references)
        }


def of_snapshot(stored: StoredSnapshot, changed: bool) -> dict[str, Any]:
    """Return the metadata of the snapshot `stored`, and whether the run `changed` it."""
    snapshot = stored.snapshot
    rows = [(part.name, part.url, part.bytes, part.sha256) for part in snapshot.parts[:50]]
    return {
        "sha-256": snapshot.sha256,
        "changed": changed,
        "retrieved": snapshot.retrieved.isoformat(),
        "parts": len(snapshot.parts),
        "bytes": sum(part.bytes for part in snapshot.parts),
        "served": dg.MetadataValue.md(_markdown(("part", "url", "bytes", "sha-256"), rows)),
        "folder": dg.MetadataValue.path(stored.folder),
    }


def of_table(
    dataset: Dataset, validated: Validated, stats: CleanStats | None, validation_run: ValidationRun,
) -> dict[str, Any]:
    """Return the metadata of a `dataset`'s table.

    That is what was `validated`, the counts of its cleaning (`stats`, None where the table was
    there) and the `validation_run`.
    """
    quality = validated.quality
    found: dict[str, Any] = {
        "dagster/row_count": quality.rows_released,
        "read": quality.rows_read,
        "quarantined": quality.rows_quarantined,
        "checks": f"{quality.count('passed')} passed, {quality.count('warned')} warned,"
        f" {quality.count('failed')} failed",
        "validation run": validation_run.number,
        **{f"score: {item.dimension}": round(item.percent, 2) for item in validation_run.scores},
        "preview": dg.MetadataValue.md(_preview(validated.data)),
        "file": dg.MetadataValue.path(validated.data),
    }
    if quality.duration_ms is not None:
        found["validated in (ms)"] = quality.duration_ms
    if stats is not None:
        found["empty cells left out"] = stats.empty
    if quality.blockers:
        found["blockers"] = in_words(quality.blockers, dataset.id, names=True).get("en")
    if quality.rows_quarantined:
        found["quarantine"] = dg.MetadataValue.md(_preview(validated.quarantine))
    return found


def of_check(check: CheckResult) -> dict[str, Any]:
    """Return a check's metadata."""
    found: dict[str, Any] = {
        "expectation": check.expectation,
        "severity": check.severity,
        "evaluated": check.evaluated,
        "unexpected": check.unexpected,
        "in words": check.title.get("en"),
    }
    if check.observed is not None:
        found["observed"] = dg.MetadataValue.json({"value": check.observed})
    if check.error:
        found["error"] = check.error
    if check.duration_ms is not None:
        found["duration (ms)"] = check.duration_ms
    if check.samples:
        names = tuple(check.samples[0])
        rows = [tuple(sample.get(name) for name in names) for sample in check.samples]
        found["samples"] = dg.MetadataValue.md(_markdown(names, rows))
    return found


def of_released(
    dataset: Dataset, released: Released, rejection: DraftEvent | None
) -> dict[str, Any]:
    """Return the metadata of what was `released` of a `dataset`, or of the draft that waits.

    `rejection` is the event by which a person refused it, if the last one.
    """
    found: dict[str, Any] = {}
    if released.draft is not None:
        found["waits for approval"] = (
            f"draft of release {released.draft.release.number}:"
            f" `openindicators approve {dataset.id}` or `openindicators reject {dataset.id}`"
        )
    elif rejection is not None:
        found["rejected"] = f"by {rejection.by} on {rejection.at:%Y-%m-%d}: {rejection.reason}"
    if released.current is not None:
        found["public"] = f"release {released.current.release.number}"
    shown = released.draft or released.current
    return found | (_of_release(dataset, shown, released.changed) if shown else {})


def _of_release(dataset: Dataset, stored: StoredRelease, changed: bool) -> dict[str, Any]:
    release = stored.release
    files = [(file.name, file.bytes, file.sha256) for file in release.files]
    return {
        "dagster/row_count": release.rows,
        "release": release.number,
        "made now": changed,
        "reason": release.reason,
        "new": release.changes.added,
        "revised": release.changes.revised,
        "withdrawn": release.changes.withdrawn,
        "quarantined": release.quarantined,
        "period": f"{release.period_first} to {release.period_last}",
        "series": dg.MetadataValue.md(_sparklines(dataset, stored.path("data.parquet"))),
        "files": dg.MetadataValue.md(_markdown(("file", "bytes", "sha-256"), files)),
        "folder": dg.MetadataValue.path(stored.folder),
    }


def of_publications(dataset: str, published: Sequence[Publication]) -> dict[str, Any]:
    """Return the metadata of what the portals were given (`published`) of a `dataset`."""
    found: dict[str, Any] = {}
    if all(item.portal == PREVIEW for item in published):
        found["public"] = "nothing: no release was approved yet"
    if any(item.portal == PREVIEW for item in published):
        found["waits for approval"] = f"`openindicators approve {dataset}`"
    for item in published:
        rows = [(line.change, line.what, line.detail) for line in item.differences]
        found[f"{item.portal}: address"] = item.url
        found[f"{item.portal}: changed"] = item.changed
        found[f"{item.portal}: plan"] = dg.MetadataValue.md(_markdown(("", "what", "detail"), rows))
    return found


def column_schema(bound: BoundDataset, file: Path | None = None) -> dg.TableSchema:
    """Return the columns of a table of `bound` with their meaning, in both languages.

    The table's `file` gives the exact types; without it, the columns are the declared ones.
    """
    names = Names(bound.dataset, bound.registries)
    if file is None:
        columns = [
            (name, "double" if names.column(name).number else "string")
            for name in bound.dataset.columns
        ]
    else:
        columns = [(field.name, str(field.type)) for field in pq.read_schema(file)]
    return dg.TableSchema(columns=[
        dg.TableColumn(name=name, type=kind, description=_meaning(names.column(name)))
        for name, kind in columns
    ])


def _meaning(column: ColumnWords) -> str:
    return column.description.in_all("\n\n")


def _preview(path: Path) -> str:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    batch = next(file.iter_batches(PREVIEW_ROWS), None)
    rows = batch.to_pylist() if batch is not None else []
    return _markdown(names, [tuple(row[name] for name in names) for row in rows])


def _sparklines(dataset: Dataset, path: Path) -> str:
    """Return one line of bars for each of the first series of the dataset's chart."""
    indicator = dataset.chart.indicator if dataset.chart else next(iter(dataset.indicators))
    with connect(rows=pq.read_metadata(path).num_rows) as con:
        rows = con.execute(
            f"""SELECT ref_area, list(obs_value ORDER BY time_period),
                       min(time_period), max(time_period)
                FROM read_parquet({literal(path)})
                WHERE indicator = ? AND obs_value IS NOT NULL
                GROUP BY ref_area ORDER BY count(*) DESC, ref_area LIMIT 8""",
            [indicator],
        ).fetchall()
    lines = [
        (area, f"{first} to {last}", _bars(values[-40:]), values[-1])
        for area, values, first, last in rows
    ]
    return f"`{indicator}`\n\n" + _markdown(("area", "period", "series", "last"), lines)


def _bars(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    span = (high - low) or 1
    return "".join(BARS[int((value - low) / span * (len(BARS) - 1))] for value in values)


def _markdown(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table; what a source wrote cannot break out of its cell."""
    head = "| " + " | ".join(_cell(name) for name in names) + " |"
    rule = "|" + " --- |" * len(names)
    body = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join([head, rule, *body])


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    text = text if len(text) <= 120 else text[:117] + "..."
    for char, escaped in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("\n", " "), ("`", "'")):
        text = text.replace(char, escaped)
    return text
