"""Where each figure of a release stands in its source, as a table for the site.

A row for each figure: its key, part, row and column in the snapshot, and the text of that row where
licence and content allow. What the whole release has in common is in the table's metadata.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.declarations.dataset import Dataset
from model.errors import StoreError
from model.records.snapshot import LINEAGE, Computation, Snapshot
from model.reference.personal_data import AROUND_CARD, LIKE, PATTERNS, UNSEEN, UUID, masked
from model.reference.registries import Registries
from model.util.hashing import has_checksum
from model.util.parquet import read_parquet
from model.util.sql import identifier, literal
from pipelines.explain.excerpts import excerpts_of
from pipelines.explain.walk import PLACE, header_lines
from sources.connectors.registry import options_of
from warehouse.computing.lineage import computation, input_release, is_computed
from warehouse.engine import ROW_GROUP, connect
from warehouse.store import ledger, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot

METADATA = b"openindicators"
TEXT = "source_text"
MOST = 250_000  # rows of a release whose texts are shown: those of a million take 4 s and 20 MB
MOST_LINES = 20  # cells that a computed figure's text names
LONGEST = 1_000  # characters of a row that are shown; the whole row is in the source
SUPPRESSED = "Q"  # SDMX: the row in the source may tell what is withheld

_SUSPECT = "|".join([*PATTERNS.values(), AROUND_CARD, UUID, f"[{LIKE}{UNSEEN}]"])


def origins(
    data_dir: DataDir, stored: StoredRelease, registries: Registries
) -> pa.RecordBatchReader:
    """Return the origins of the figures of a release, in batches of a row group.

    Args:
        data_dir: the data folder, with ledger and snapshots.
        stored: the release.
        registries: the licences.

    Raises:
        StoreError: a file is not what its record says.
    """
    release = stored.release
    dataset = Dataset.model_validate(release.declaration)
    path = stored.path("data.parquet")
    fields = {field.name: field for field in pq.read_schema(path)}
    names = [name for name in (*dataset.key, "freq", *PLACE) if name in fields]
    taken = snapshots.load(data_dir, release.dataset, release.snapshot_sha256)
    made = computation(taken) if is_computed(taken) else None
    withheld = None if made else _withheld(dataset, taken.snapshot, registries, path)
    kinds: dict[str, dict[str, str]] = {}
    tables = _tables(path, names)
    if not withheld:
        table = read_parquet(path, names)
        if made:
            texts = _inputs(data_dir, taken, made, table)
        else:
            texts, kinds = _texts(dataset, stored, taken, table)
        tables = iter([table.append_column(TEXT, texts)])
    entry = ledger.entries(data_dir, release.dataset).get(release.number)
    about: dict[str, Any] = {
        "record_sha256": entry.sha256 if entry else None,
        "data_sha256": release.file("data.parquet").sha256,
        "snapshot": taken.snapshot.model_dump(
            mode="json", include={"sha256", "retrieved", "licence", "protocol"}
        ),
        "parts": [
            part.model_dump(mode="json", include={"name", "url", "sha256", "bytes"})
            | kinds.get(part.name, {"rows": "row"})
            for part in taken.snapshot.parts
        ],
        "withheld": withheld,
        "computed": {
            "formulas": made.formulas, "select": made.select,
            "inputs": [
                each.model_dump(mode="json", include={"name", "dataset", "release"})
                for each in made.inputs
            ],
        } if made else None,
    }
    written = json.dumps(about, ensure_ascii=False, sort_keys=True)
    schema = pa.schema(
        [*(fields[name] for name in names), pa.field(TEXT, pa.string())],
        {METADATA: written.encode()},
    )
    return pa.RecordBatchReader.from_batches(schema, (
        batch for table in tables
        for batch in table.cast(schema).to_batches(ROW_GROUP)
    ))


def _tables(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the columns `names` of a Parquet file by row group, without texts."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=names).select(names)
            yield table.append_column(TEXT, pa.nulls(table.num_rows, pa.string()))


def _withheld(
    dataset: Dataset, snapshot: Snapshot, registries: Registries, path: Path
) -> str | None:
    """Return why no text is shown: `licence`, `suppressed` or `size`; None where it is."""
    for code in (dataset.licence, snapshot.licence):
        licence = registries.licences.get(code)
        if licence is None or not licence.shows_excerpts:
            return "licence"
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["obs_status"]):
            if pc.any(pc.equal(batch.column(0), SUPPRESSED)).as_py():
                return "suppressed"
        return "size" if file.metadata.num_rows > MOST else None


def _texts(
    dataset: Dataset, stored: StoredRelease, taken: StoredSnapshot, table: pa.Table
) -> tuple[pa.Array, dict[str, dict[str, str]]]:
    """Return the text of each figure's row in the source, and by part what its rows are.

    The text is null where a format packs its rows. Of text, `header` is the line of names.
    """
    source = dataset.source_for(stored.release.profile) if stored.release.profile else None
    found = pa.nulls(table.num_rows, pa.string())
    kinds: dict[str, dict[str, str]] = {}
    if source is None:
        return found, kinds
    options = options_of(source)
    parts, rows = table.column("source_part"), table.column("source_row")
    for part in taken.snapshot.parts:
        path = taken.part_path(part)
        if not has_checksum(path, part.sha256):
            raise StoreError(
                "the snapshot's part is missing or was changed after it was stored",
                where=str(path), todo="restore it from a backup",
            )
        excerpts = excerpts_of(path, options)
        if excerpts is None:
            continue
        kinds[part.name] = {"rows": excerpts.kind}
        if excerpts.kind == "line" and (header := excerpts.at(max(header_lines(options)))):
            kinds[part.name]["header"] = header.text[:LONGEST]
        mine = pc.equal(parts, part.name)
        numbers = pc.unique(pc.drop_null(pc.filter(rows, mine)))
        texts = [
            at.text[:LONGEST] if (at := excerpts.at(number)) else None
            for number in numbers.to_pylist()
        ]
        by_row = _masked(pa.array(texts, pa.string())).take(pc.index_in(rows, numbers))
        found = pc.if_else(pc.fill_null(mine, False), by_row, found)
    return (found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found), kinds


def _inputs(
    data_dir: DataDir, taken: StoredSnapshot, made: Computation, table: pa.Table
) -> pa.Array:
    """Return a line for each of the first cells that each computed figure came from.

    Behind a tab a line has the query of the cell's own page: there the walk goes on.
    """
    lineage = next(part for part in taken.snapshot.parts if part.name == LINEAGE)
    if not has_checksum(taken.part_path(lineage), lineage.sha256):
        raise StoreError(
            "the lineage of a computed snapshot is missing or was changed",
            where=str(taken.part_path(lineage)), todo="run `openindicators doctor`",
        )
    cells = []
    for each in made.inputs:
        stored = input_release(data_dir, each)
        path = stored.path("data.parquet")
        key = Dataset.model_validate(stored.release.declaration).key
        named = "".join(
            f" || {literal(f'&{name}=')} || url_encode(coalesce({identifier(name)}, ''))"
            for name in key
        )
        page = literal(f"\tdataset={each.dataset}&release={each.release}")
        cells.append(
            f"SELECT {literal(each.name)} AS input, file_row_number AS row,"
            f" concat_ws(' ', {literal(each.dataset)}, indicator, ref_area, time_period, '=',"
            f" obs_value) || {page}{named} AS line"
            f" FROM read_parquet({literal(path)}, file_row_number = true)"
        )
    with connect(rows=table.num_rows) as con:
        con.register("_figures", table.select(["source_row"]).append_column(
            "place", pa.array(range(table.num_rows), pa.int64())
        ))
        found = con.execute(
            f"WITH cells AS ({' UNION ALL '.join(cells)}), lines AS ("
            " SELECT cell, list(line ORDER BY input, row)[:$most] AS lines"
            f" FROM read_parquet({literal(taken.part_path(lineage))}) JOIN cells"
            " USING (input, row) GROUP BY cell)"
            " SELECT array_to_string(lines, chr(10)) AS text FROM _figures"
            " LEFT JOIN lines ON source_row = cell ORDER BY place", {"most": MOST_LINES},
        ).to_arrow_table()
        con.unregister("_figures")
    return found.column("text").combine_chunks()


def names_somebody(text: str) -> bool:
    """Whether a text of many lines has personal data."""
    lines = _arrow(text.splitlines())
    found = lines.filter(pc.match_substring_regex(lines, _SUSPECT)).to_pylist()
    return any(masked(line) != line for line in found)


def _arrow(lines: list[str]) -> pa.StringArray:
    """Return lines, less than 2 GB, as `pa.array` does, which would import pandas."""
    encoded = [line.encode() for line in lines]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    buffers = (pa.py_buffer(each) for each in (ends, b"".join(encoded)))
    return pa.StringArray.from_buffers(len(lines), *buffers)


def _masked(texts: pa.Array) -> pa.Array:
    """Return texts as they may be shown, without personal data.

    RE2 first finds those that may have some, in a tenth of the time that Python's patterns take.
    """
    suspect = pc.fill_null(pc.match_substring_regex(texts, _SUSPECT), False)
    some = [masked(text) for text in texts.filter(suspect).to_pylist()]
    return pc.replace_with_mask(texts, suspect, pa.array(some, pa.string())) if some else texts
