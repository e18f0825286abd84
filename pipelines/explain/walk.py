"""The walk from a figure to its place in the source's bytes.

    cell of a release ─▶ release (ledger) ─▶ snapshot ─▶ part ─▶ row and column ─▶ bytes
                                                │                   └─▶ raw text ─▶ value
                                                └─▶ of a computed one: the cells of its inputs

Nothing is taken on trust: the release's record has the checksum that the ledger has entered, its
table that of the record, the part that of the snapshot. The raw text is read once more by the rule
of the declaration that the release keeps; whether that gives the released value is said.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.declarations.dataset import Correction, Dataset
from model.declarations.source import ColumnRule, Source
from model.errors import OpenIndicatorsError, StoreError
from model.records.snapshot import Part
from model.reference.registries import Registries
from model.util.hashing import has_checksum
from pipelines.explain.excerpts import Excerpts, Lines, SheetCells, excerpts_of, fields_of
from sources.base import ConnectorOptions, SourceFile
from sources.connectors.options.files import FilesOptions
from sources.connectors.registry import options_of, protocol
from sources.formats.workbook.cells import column_letters
from sources.formats.workbook.sheets import open_sheet
from warehouse.cleaning.numbers import UNMARKED, number_of, take_marks
from warehouse.cleaning.source_columns import columns_of
from warehouse.computing.lineage import computation, input_cells, input_release, is_computed
from warehouse.engine import connect
from warehouse.store import ledger, snapshots
from warehouse.store.data_dir import DataDir
from warehouse.store.releases import StoredRelease
from warehouse.store.snapshots import StoredSnapshot

PLACE = ("source_part", "source_row", "source_column")
MOST_INPUTS = 50  # cells behind a computed one that are walked to their sources
Row = dict[str, Any]


def find_cell(stored: StoredRelease, key: dict[str, str]) -> Row:
    """Return the row of a release (`stored`) that a `key` names: column -> code.

    Raises:
        OpenIndicatorsError: none has it, or several have (with what tells them apart).
        StoreError: the table is not what the release's record says.
    """
    path = stored.path("data.parquet")
    schema = pq.read_schema(path)
    if unknown := sorted(set(key) - set(schema.names)):
        raise OpenIndicatorsError(
            f"there is no column {unknown[0]!r}", where=stored.release.dataset,
            todo="columns: " + ", ".join(name for name in schema.names if name not in PLACE),
        )
    table = pq.read_table(path, filters=[(name, "==", code) for name, code in key.items()])
    rows: list[Row] = table.to_pylist()
    where = f"{stored.release.dataset}, release {stored.release.number}"
    if not rows:
        raise OpenIndicatorsError(
            "no figure has this key: " + ", ".join(f"{k}={v}" for k, v in key.items()),
            where=where, todo="the page of a figure on the site names its whole key",
        )
    if len(rows) > 1:
        free = [
            f"{name}={'|'.join(map(str, codes))}" for name in table.schema.names
            if name not in (*key, *PLACE, "obs_value", "obs_status", "obs_note", "footnotes")
            and len(codes := sorted({str(row[name]) for row in rows})) > 1
        ]
        raise OpenIndicatorsError(
            f"{len(rows)} figures have this key", where=where, todo="add " + "; ".join(free)
        )
    return rows[0]


def explain(
    data_dir: DataDir, stored: StoredRelease, cell: Row, registries: Registries
) -> dict[str, Any]:
    """Return the proof of a figure as a document for JSON.

    Args:
        data_dir: the data folder, with ledger and snapshots.
        stored: the release.
        cell: its row, with the columns of its place.
        registries: licences.

    Raises:
        StoreError: the release, the snapshot or the part is not what its record says.
    """
    release = stored.release
    entry = ledger.entries(data_dir, release.dataset).get(release.number)
    dataset = Dataset.model_validate(release.declaration)
    source = dataset.source_for(release.profile) if release.profile else None
    proof: dict[str, Any] = {
        "cell": {name: value for name, value in cell.items() if name not in PLACE},
        "release": {
            "dataset": release.dataset, "number": release.number,
            "version": release.semantic_version, "issued": release.issued.isoformat(),
            "record_sha256": entry.sha256 if entry else None,
            "data_sha256": release.file("data.parquet").sha256,
            "reason": release.reason, "code_version": release.code_version,
        },
    }
    taken = snapshots.load(data_dir, release.dataset, release.snapshot_sha256)
    snapshot = taken.snapshot
    licence = registries.licences.get(snapshot.licence)
    proof["snapshot"] = {
        "sha256": snapshot.sha256, "retrieved": snapshot.retrieved.isoformat(),
        "protocol": snapshot.protocol, "licence": snapshot.licence,
    }
    if is_computed(taken):
        proof["place"] = None
        proof |= _computed(data_dir, taken, cell, registries)
        return proof
    part = next((each for each in snapshot.parts if each.name == cell["source_part"]), None)
    if part is None or cell["source_row"] is None or source is None:
        proof["place"] = None  # the declaration's SQL makes rows of its own
        return proof
    path = taken.part_path(part)
    if not has_checksum(path, part.sha256):
        raise StoreError(
            "the snapshot's part is missing or was changed after it was stored", where=str(path),
            todo="restore it from a backup: nothing is shown of bytes without their checksum",
        )
    proof["part"] = part.model_dump(mode="json", exclude_defaults=True)
    number, column = int(cell["source_row"]), str(cell["source_column"] or "")
    proof["place"] = {"row": number, "column": column}
    if licence is None or not licence.shows_excerpts:
        proof["withheld"] = f"the licence {snapshot.licence} does not allow showing the file"
        return proof
    part_read = _Part(part, path, source)
    raw = part_read.raw(number)
    proof["place"] |= part_read.place(number, column, raw)
    proof["source"] = part_read.source(number)
    proof["reading"] = _reading(dataset, source, part_read.options, cell, column, raw)
    return proof


def _computed(
    data_dir: DataDir, taken: StoredSnapshot, cell: Row, registries: Registries
) -> Row:
    """Return the formula of a computed cell, and the proof of each cell that it came from.

    Of a sum over hundreds of areas the first ones are walked to their sources; all are counted.
    """
    made = computation(taken)
    cells = input_cells(data_dir, taken, int(cell["source_row"]))
    inputs = {each.name: each for each in made.inputs}
    walked = []
    for each in cells[:MOST_INPUTS]:
        stored = input_release(data_dir, inputs[each.input])
        walked.append({
            "input": each.input, "row": each.row,
            **explain(data_dir, stored, each.observation, registries),
        })
    return {
        "formula": made.formulas.get(cell["indicator"]) or made.select, "inputs": len(cells),
        "computed_from": walked,
    }


class _Part:
    """A part of a snapshot, open for looking at its rows."""

    def __init__(self, part: Part, path: Path, source: Source) -> None:
        self.options: ConnectorOptions = options_of(source)
        self._protocol = protocol(source.protocol)
        self._file = SourceFile.of(part, path)
        self._sheet = self._read_sheet()
        name = self._sheet.name if self._sheet else ""
        self.excerpts: Excerpts | None = excerpts_of(path, self.options, name)

    def _read_sheet(self) -> Any:
        options = self.options
        if self._file.path.suffix.lower() not in (".xlsx", ".xlsm", ".xls", ".ods"):
            return None
        sheet = getattr(options, "sheet", None)
        hidden = getattr(options, "hidden", "") == "read"
        return open_sheet(self._file.path, self._file.name, sheet, hidden=hidden, survey=True)

    def raw(self, number: int) -> Row:
        """Return the row with a number as the connector reads it: column -> text.

        A plain line is split here, by the columns that the reader gives: reading a file of a
        million rows up to the one in question would take seconds.
        """
        batches = self._protocol.read([self._file], self.options)
        options, first = self.options, next(iter(batches), None)
        if first is None:
            return {}
        names = [name for name in first.schema.names if name not in ("_part", "_row")]
        plain = isinstance(options, FilesOptions) and options.layout.is_plain
        if plain and isinstance(self.excerpts, Lines) and (line := self.excerpts.at(number)):
            for fields in fields_of(line.text).values():
                if len(fields) == len(names):
                    return dict(zip(names, fields, strict=True))
        for batch in (first, *batches):
            found = batch.filter(pc.equal(batch.column("_row"), number))
            if found.num_rows:
                row: Row = found.to_pylist()[0]
                return {name: row[name] for name in names}
        return {}

    def place(self, number: int, column: str, raw: Row) -> Row:
        """Return what is known of the place of the cell in a row's `column`.

        Nothing of bytes where the raw text does not stand in them: the file's own numbering is not
        that of the reader then.
        """
        found = self.excerpts.at(number) if self.excerpts else None
        kind = self.excerpts.kind if self.excerpts else "sheet row" if self._sheet else "row"
        text = raw.get(column)
        place: Row = {"kind": kind, "raw": text}
        if self._sheet is not None and text is not None:
            cells = self._sheet.row(number - 1)
            at = [place for place, each in enumerate(cells) if each == text]
            names = list(raw)
            if len(at) > 1 and len(names) == len(cells) and column in names:
                at = [names.index(column)]
            found = None
            if len(at) == 1:
                place["reference"] = f"{self._sheet.name}!{column_letters(at[0] + 1)}{number}"
                if isinstance(self.excerpts, SheetCells):
                    found = self.excerpts.cell(number, at[0])
        elif found and text is not None and not _contains(found.text, str(text)):
            found = None
        if found:
            place |= {"offset": found.offset, "length": len(found.data), "text": found.text}
        return place

    def source(self, number: int) -> Row:
        """Return the texts around a row."""
        if self._sheet is not None:
            rows = range(max(1, number - 2), min(self._sheet.height, number + 2) + 1)
            grid = [(each, " | ".join(self._sheet.row(each - 1))) for each in rows]
            numbers = tuple(each for each in header_lines(self.options) if each)
            header = [(each, " | ".join(self._sheet.row(each - 1))) for each in numbers]
        elif self.excerpts is not None:
            near = range(number - self.excerpts.before, number + self.excerpts.before + 1)
            grid = [(each, at.text) for each in near if (at := self.excerpts.at(each))]
            numbers = header_lines(self.options) if self.excerpts.kind == "line" else ()
            header = [(each, at.text) for each in numbers if (at := self.excerpts.at(each))]
        else:
            return {}
        return {
            "header": [item for item in header if item[0] < number],
            "before": [item for item in grid if item[0] < number],
            "after": [item for item in grid if item[0] > number],
        }


def header_lines(options: ConnectorOptions) -> tuple[int, ...]:
    """Return the numbers of the lines or rows that name the columns; 0 where none does."""
    return (options.layout.header or (0,)) if isinstance(options, FilesOptions) else (1,)


def _contains(excerpt: str, text: str) -> bool:
    """Whether a text stands in an excerpt, as it is or as CSV, JSON and XML escape it."""
    plain = " ".join(excerpt.replace('""', '"').split())
    words = " ".join(text.split())
    try:
        unescaped = plain.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        unescaped = plain
    return words in plain or words in unescaped


def _reading(
    dataset: Dataset, source: Source, options: ConnectorOptions, cell: Row, column: str, raw: Row
) -> Row:
    """Return how the raw row became the cell, and whether the rule gives the value again."""
    rules: dict[str, ColumnRule] = {**options.columns, **source.columns}
    value = rules.get("obs_value")
    named = dict.fromkeys(source.unpivot.names, column) if source.unpivot else {}
    concepts = {}
    for concept, rule in rules.items():
        if concept == "obs_value" or concept not in cell:
            continue
        text = raw.get(rule.column, named.get(rule.column)) if rule.column else None
        how = {"constant": rule.const} if rule.const is not None else {
            "column": rule.column, "text": text,
        }
        if rule.codelist:
            how["codelist"] = rule.codelist
        if text is not None and text in rule.map:
            how["mapped"] = rule.map[text]
        if rule.successor:
            how["area_succession"] = rule.successor
        concepts[concept] = {**how, "code": cell[concept]}
    found: Row = {"concepts": concepts}
    corrections = [
        each.model_dump(mode="json", exclude_none=True) for each in dataset.corrections
        if _applies(each, cell)
    ]
    if corrections:
        found["corrections"] = corrections
    if source.sql:
        found["sql"] = source.sql
    if value is None:
        return found
    stated = value.model_dump(mode="json", exclude_defaults=True, exclude={"column", "map"})
    if value.column and value.const is None:
        stated.setdefault("locale", value.locale or "plain")
    found["rule"] = stated
    summed = any(how.get("area_succession") == "sum" for how in concepts.values())
    for again in _read_again(value, source, column, raw):
        same = again == cell["obs_value"]
        if same or not source.sql:  # else the SQL has computed
            found["value"] = again
        if same or not (corrections or summed or source.sql):
            found["agrees"] = same
    return found


def _applies(correction: Correction, cell: Row) -> bool:
    return all(cell.get(name) == code for name, code in correction.key.items())


def _read_again(
    rule: ColumnRule, source: Source, column: str, raw: Row
) -> tuple[float | None, ...]:
    """Return the number that a `rule` reads in the raw row; nothing where its column is not in it.
    """
    row = dict(raw)
    if source.unpivot:
        row[source.unpivot.values_to] = raw.get(column)
    elif rule.column and column in raw:  # by another name where SQL has shaped the rows
        row.setdefault(rule.column, raw[column])
    if rule.const is None and rule.column not in row:
        return ()
    table = pa.Table.from_pylist([{**row, "_part": "", "_row": 1}])
    for place, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(place, field.name, pa.array([None], pa.string()))
    with connect(rows=1) as con:
        con.register("_incoming", table)
        con.execute("CREATE TABLE raw AS SELECT * FROM _incoming")
        columns = columns_of(con)
        if take_marks(con, rule, columns):
            columns = columns_of(con)
            rule = rule.model_copy(update={"column": UNMARKED[0]})
        number, _ = number_of(rule, columns)
        (value,) = con.execute(f"SELECT {number} FROM raw").fetchall()[0]
    return (None if value is None else float(value),)

