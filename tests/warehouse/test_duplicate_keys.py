"""The likely cause of repeated keys is named, with two of the rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from model.declarations.source import Source
from model.records.validation import SourcePlace
from tests.fixtures.answers import confirming
from tests.fixtures.commands import openindicators
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.projects import for_this_city
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.cleaning.schema_inspection import read_columns
from warehouse.duplicate_keys import duplicate_cause
from warehouse.engine import connect

RULES = {
    "indicator": {"const": "ROOMS"}, "ref_area": "area", "time_period": "year",
    "obs_value": {"column": "value", "locale": "plain"},
}


def batches(rows, parts):
    names = list(rows[0])
    found = []
    for part in dict.fromkeys(parts):
        own = [(line, row) for line, (row, of) in enumerate(zip(rows, parts, strict=True), 2)
               if of == part]
        columns = {name: pa.array([row[name] for _, row in own]) for name in names}
        columns |= {
            "_part": pa.array([part] * len(own)),
            "_row": pa.array([line for line, _ in own], pa.int64()),
        }
        found.append(pa.record_batch(columns))
    return found


def cause(rows, parts=None, columns=(), **source):
    """Return the cause that is found, after cleaning rows as a run does."""
    parts = parts or ["a.csv"] * len(rows)
    declared = dataset()
    origin = Source.model_validate(
        {"protocol": "files", "columns": {**RULES, **dict(columns)}, **source}
    )
    with connect() as con:
        clean(con, batches(rows, parts), Cleaning(declared, origin, {}, registries()))
        return duplicate_cause(
            con, "observation", declared.key, lambda: batches(rows, parts),
            read_columns(origin.columns), origin.columns["obs_value"].column,
        )


def table(texts, value=lambda year, place: f"{year + 10 * place}", column="sex"):
    """Return a row for each of 10 years and each text of a column; lines are numbers of rows."""
    return [
        {"no": f"{i}.{j}", "area": "48", "year": f"{2000 + i}", column: text,
         "value": value(2000 + i, j)}
        for i in range(10) for j, text in enumerate(texts)
    ]


LINES = tuple(SourcePlace(part="a.csv", row=row, column="value") for row in (2, 3))


@pytest.mark.parametrize(("rows", "kind", "column"), [
    (table(["F", "M"]), "dimension", "sex"),
    (table(["VND", "USD"], column="Unit of measure"), "unit", "Unit of measure"),
    (table(["T", "F", "M"], lambda year, place: f"{[30, 10, 20][place] * year}"), "total", "sex"),
    (table(["x", "x"], lambda year, place: f"{year}"), "repeated", ""),
    (table(["x", "x"]), "figures", ""),
])
def test_rows_of_one_file(rows, kind, column):
    if column == "":
        rows = [{**row, "no": "1"} for row in rows]
    found = cause(rows)
    assert (found.kind, found.column, found.rows) == (kind, column, LINES)


def test_two_spellings_of_a_code():
    rows = [
        {"area": area, "year": f"{2000 + i}", "value": f"{i + n}"}
        for i in range(6) for n, area in enumerate(("Đà Nẵng", "TP. Đà Nẵng"))
    ]
    mapped = {"column": "area", "map": {"Đà Nẵng": "48", "TP. Đà Nẵng": "48"}}
    found = cause(rows, columns={"ref_area": mapped})
    assert (found.kind, found.column) == ("label", "area")


@pytest.mark.parametrize(("change", "kind"), [(0, "same_file"), (1, "files")])
def test_two_files(change, kind):
    one = [{"area": "48", "year": f"{2000 + i}", "value": f"{i}"} for i in range(6)]
    other = [{**row, "value": str(int(row["value"]) + change)} for row in one]
    found = cause(one + other, ["a.csv"] * 6 + ["b.csv"] * 6)
    assert found.kind == kind
    assert [place.part for place in found.rows] == ["a.csv", "b.csv"]


def test_two_columns_that_become_one_indicator():
    rows = [{"area": "48", "year": f"{2000 + i}", "a": f"{i}", "b": f"{i}"} for i in range(4)]
    found = cause(
        rows, unpivot={"columns": ["a", "b"]},
        columns={"indicator": {"column": "name", "map": {"a": "ROOMS", "b": "ROOMS"}},
                 "obs_value": {"column": "value", "locale": "plain"}},
    )
    assert found.kind == "columns" and [place.column for place in found.rows] == ["a", "b"]


def test_without_repeated_keys_there_is_no_cause():
    assert cause(table(["F"])) is None


def test_a_run_names_the_column_and_two_rows(tmp_path):
    rooms, project = "tourism/hotel_rooms", {"OPENINDICATORS_PROJECT": str(tmp_path / "project")}
    for_this_city(tmp_path / "project")
    for command in (("new", rooms), confirming(rooms)):
        assert openindicators(tmp_path / "data", *command, **project).code == 0
    (tmp_path / "data" / "inbox" / "hotel_rooms.csv").write_text(
        "area,year,stars,value\n" + "".join(
            f"48,{year},{stars},{year * stars}\n" for year in range(2000, 2013) for stars in (3, 4)
        )
    )
    said = openindicators(tmp_path / "data", "run", rooms, **project)
    assert said.code == 5
    assert (
        "the likely cause: the column `stars` tells rows of one key apart (hotel-rooms.csv, line 2;"
        " hotel-rooms.csv, line 3) and is no dimension"
    ) in " ".join(said.err.split())
