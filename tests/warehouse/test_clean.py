"""Cleaning: locales, codes, periods, positions; nothing is lost and nothing is guessed."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.declarations.source import ColumnRule, Source
from model.errors import QualityError, ReadError
from model.records.reject_reasons import in_words
from model.records.tables import is_in_file
from tests.fixtures.datasets import batch, dataset, registries
from warehouse.cleaning.clean import Cleaning, clean
from warehouse.cleaning.loading import keep_where
from warehouse.engine import connect

COLUMNS = {
    "indicator": {"const": "ROOMS"},
    "ref_area": "area",
    "time_period": "year",
    "obs_value": {"column": "value", "locale": "plain"},
}


def cleaned(rows, declared=None, columns=None, sql=None, **source):
    declared = declared or dataset()
    rules = {**COLUMNS, **(columns or {})}
    origin = Source.model_validate({"protocol": "files", "columns": rules, **source})
    with connect() as con:
        stats = clean(con, [batch(rows)], Cleaning(declared, origin, {}, registries(), sql))
        found = con.execute("SELECT * FROM observation ORDER BY _id").to_arrow_table().to_pylist()
    for item in found:
        item["_reject"] = item["_reject"] and in_words(item["_reject"], {}).get("en")
    return found, stats


def row(area="48", year="2024", value="120", **more):
    return {"area": area, "year": year, "value": value, **more}


@pytest.mark.parametrize(
    ("kind", "status", "rejected"),
    [("observed", "A", ["2027", "2031"]), ("projection", "A", []), ("target", "A", []),
     ("observed", "F", [])],
)
def test_a_period_that_had_not_begun_is_rejected_unless_it_is_declared(kind, status, rejected):
    indicator = {"name": {"vi": "Phòng", "en": "Rooms"}, "unit": "count", "kind": kind}
    declared = dataset(indicators={"ROOMS": indicator})
    rules = {**COLUMNS, "obs_status": {"const": status}}
    origin = Source.model_validate({"protocol": "files", "columns": rules})
    rows = [row(year=year) for year in ("2025", "2026", "2027", "2031")]
    with connect() as con:
        how = Cleaning(declared, origin, {}, registries(), retrieved=date(2026, 3, 1))
        clean(con, [batch(rows)], how)
        found = con.execute(
            "SELECT time_period, _reject FROM observation WHERE _reject IS NOT NULL ORDER BY 1"
        ).fetchall()
    assert [period for period, _ in found] == rejected
    for period, reject in found:
        words = in_words(reject, {}).get("en")
        assert f"time period {period} had not begun on 2026-03-01" in words and "`kind`" in words


def test_an_observation_has_its_concepts_and_its_position():
    (found,), stats = cleaned([row(area="Đà Nẵng")])
    assert found == {
        "indicator": "ROOMS",
        "ref_area": "48",
        "geo_vintage": "VN:2008-08-01",
        "freq": "A",
        "time_period": "2024",
        "obs_value": 120.0,
        "unit_measure": "count",
        "obs_status": "A",
        "obs_note": None,
        "lower_bound": None,
        "upper_bound": None,
        "footnotes": None,
        "_id": 0,
        "_part": "rooms.csv",
        "_row": 2,
        "_column": "value",
        "_original": None,
        "_reject": None,
    }
    assert (stats.read, stats.empty, stats.rejected) == (1, 0, 0)


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("vi", "1.234,5", 1234.5),
        ("vi", "1.234", 1234.0),
        ("vi", "12,5", 12.5),
        ("vi", "-0,5", -0.5),
        ("vi", "1234567", 1234567.0),
        ("en", "1,234.5", 1234.5),
        ("en", "1,234", 1234.0),
        ("en", "12.5", 12.5),
        ("plain", "1.5e3", 1500.0),
        ("plain", " 12 ", 12.0),
        ("plain", "+.5", 0.5),
    ],
)
def test_numbers_are_read_in_the_declared_locale(locale, text, value):
    (found,), _ = cleaned(
        [row(value=text)], columns={"obs_value": {"column": "value", "locale": locale}}
    )
    assert found["obs_value"] == value and found["_reject"] is None


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("vi", "1,234.5"),
        ("vi", "12.5"),
        ("vi", "1.23.456"),
        ("en", "1.234,5"),
        ("en", "12,5"),
        ("plain", "1,234"),
        ("plain", "12 %"),
        ("plain", "NaN"),
        ("plain", "Infinity"),
        ("plain", "1e999"),
        ("plain", "0x10"),
        ("plain", "9" * 400),
        ("plain", "=1+1"),
        ("plain", "１２"),
    ],
)
def test_a_number_in_another_locale_is_kept_with_its_reason(locale, text):
    (found,), stats = cleaned(
        [row(value=text)], columns={"obs_value": {"column": "value", "locale": locale}}
    )
    assert found["obs_value"] is None and "value" in found["_reject"]
    assert json.loads(found["_original"]) == {"area": "48", "year": "2024", "value": text}
    assert (found["_part"], found["_row"], found["_column"]) == ("rooms.csv", 2, "value")
    assert stats.rejected == 1


def test_each_reason_is_given():
    (found,), _ = cleaned([row(area="Da Nag", year="1/2/2013", value="x")])
    for words in ("Da Nag", "did you mean 'da nang'", "1/2/2013", "'x' is not a number"):
        assert words in found["_reject"]


def test_missing_marks_are_dropped_or_kept_as_status_o():
    rows = [row(year="2022", value=".."), row(year="2023", value=" "), row(year="2024", value="7")]
    found, stats = cleaned(rows)
    assert [item["time_period"] for item in found] == ["2024"] and stats.empty == 2
    found, _ = cleaned(rows, empty="keep")
    assert [(item["obs_value"], item["obs_status"]) for item in found] == [
        (None, "O"),
        (None, "O"),
        (7.0, "A"),
    ]
    assert not any(item["_reject"] for item in found)


def test_status_comes_from_its_column_or_from_the_period():
    rows = [row(year="Prel. 2024", s=""), row(year="2023", s="ước tính"), row(year="2022", s="?")]
    found, _ = cleaned(rows, columns={"obs_status": {"column": "s", "map": {"ước tính": "E"}}})
    assert [item["obs_status"] for item in found[:2]] == ["P", "E"]
    assert "'?'" in found[2]["_reject"]


def test_a_power_of_ten_scales_exactly():
    (found,), _ = cleaned(
        [row(value="123.4")], columns={"obs_value": {"column": "value", "scale": 1000}}
    )
    assert found["obs_value"] == 123400.0


def test_unpivot_keeps_the_column_as_position():
    rows = [{"area": "48", "2023": "5", "2024": "6"}]
    found, _ = cleaned(
        rows,
        columns={"time_period": "name", "obs_value": {"column": "value"}},
        unpivot={"matching": r"\d{4}"},
    )
    assert [(i["time_period"], i["obs_value"], i["_column"], i["_row"]) for i in found] == [
        ("2023", 5.0, "2023", 2),
        ("2024", 6.0, "2024", 2),
    ]


def test_a_rejected_cell_of_a_wide_table_has_all_that_its_row_said():
    """Also columns that nothing reads, and of its own row alone, be they alike in position."""
    rows = [
        {"area": "48", "remark": "nháp \"1\"", "code": 7, "2023": "5", "2024": "x"},
        {"area": "01", "remark": None, "code": 8, "2023": "y", "2024": "6"},
    ]
    found, _ = cleaned(
        rows,
        columns={"time_period": "year"},
        unpivot={"matching": r"\d{4}", "names_to": "year"},
        sql="SELECT * EXCLUDE (_part, _row), 'p' AS _part, 1 AS _row FROM raw",
    )
    assert "_source_place" not in found[0]
    quarantined = {item["_column"]: item["_original"] for item in found if item["_reject"]}
    assert {column: json.loads(text) for column, text in quarantined.items()} == {
        "2024": {"area": "48", "remark": 'nháp "1"', "code": 7, "value": "x", "year": "2024"},
        "2023": {"area": "01", "remark": None, "code": 8, "value": "y", "year": "2023"},
    }
    assert [item["_original"] for item in found if not item["_reject"]] == [None, None]


def test_a_missing_column_of_a_wide_table_is_reported_with_all_others():
    with pytest.raises(ReadError, match=r"did you mean 'area'.*has: area, remark, value, name"):
        cleaned(
            [{"area": "48", "remark": "a", "2024": "5"}],
            columns={"ref_area": "aera", "time_period": "name"},
            unpivot={"matching": r"\d{4}"},
        )


def test_nan_is_missing_in_a_wide_table_of_typed_columns():
    found, stats = cleaned(
        [{"area": "48", "year": "2024", "a": float("nan"), "b": 2.5}],
        columns={"indicator": {"column": "name", "map": {"a": "ROOMS", "b": "ROOMS"}}},
        unpivot={"columns": ["a", "b"]},
    )
    assert [(each["obs_value"], each["_reject"]) for each in found] == [(2.5, None)]
    assert stats.empty == 1


def test_where_keeps_what_it_names():
    found, stats = cleaned([row(), row(area="01")], where={"area": ("48",)})
    assert [item["ref_area"] for item in found] == ["48"] and stats.read == 1


@pytest.mark.parametrize(("wanted", "kept"), [
    ("2019..2021", ["2019", " 2020", "2021.0"]),
    ("2021..", ["2021.0", "2022"]),
    ("-5..2018.5", ["2018"]),
    ("not_empty", ["2018", "2019", " 2020", "2021.0", "2022", "Total"]),
    (("2018", "Total"), ["2018", "Total"]),
    ((), []),
])
def test_where_keeps_a_range_or_whatever_is_filled(wanted, kept):
    years = ("2018", "2019", " 2020", "2021.0", "2022", "Total", "", "  ", None)
    source = Source(protocol="files", where={"key": wanted})
    with duckdb.connect() as con:
        con.execute("CREATE TABLE raw (key VARCHAR)")
        con.executemany("INSERT INTO raw VALUES (?)", [[year] for year in years])
        keep_where(con, source)
        assert [key for (key,) in con.execute("FROM raw").fetchall()] == kept


@pytest.mark.parametrize(("kind", "wanted", "kept"), [
    ("INTEGER", "2..10", ["2", "10"]), ("DOUBLE", "1.5..2", ["2"]),
    ("VARCHAR", "02..10", ["2", "10"]),
])
def test_a_range_of_numbers_compares_numbers(kind, wanted, kept):
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE raw (key {kind})")
        con.execute("INSERT INTO raw VALUES (1), (2), (10), (11)")
        keep_where(con, Source(protocol="files", where={"key": wanted}))
        found = con.execute("SELECT key::INTEGER::VARCHAR FROM raw").fetchall()
        assert [key for (key,) in found] == kept


def test_a_range_of_periods_compares_time():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE raw (month VARCHAR, day DATE)")
        con.execute("INSERT INTO raw VALUES ('2020-01', '2020-01-31'), ('2020-12', '2020-12-01'),"
                    " ('2021-01', '2021-01-01')")
        where = {"month": "2020-02..2021-01", "day": "..".join(("2020-01-01", "2020-12-31"))}
        keep_where(con, Source(protocol="files", where=where))
        assert con.execute("SELECT month FROM raw").fetchall() == [("2020-12",)]


@pytest.mark.parametrize("wanted", ["2020", "2020..2020-12", "a..b", "..2020", "2020-13.."])
def test_what_is_no_range_is_refused(wanted):
    with pytest.raises(ValidationError, match="is no range"):
        Source(protocol="files", where={"year": wanted})


def test_sql_shapes_the_table_and_sees_no_files(tmp_path):
    found, _ = cleaned(
        [row()], sql="SELECT * REPLACE (CAST(CAST(year AS INT) - 1 AS VARCHAR) AS year) FROM raw;"
    )
    assert found[0]["time_period"] == "2023" and found[0]["_row"] == 2
    secret = tmp_path / "x.csv"
    secret.write_text("a\n1\n")
    for sql in (
        f"SELECT * FROM read_csv('{secret}')",
        "DROP TABLE raw",
        "SELECT 1; SELECT 2",
        "SELECT nothing FROM raw",
    ):
        with pytest.raises(ReadError):
            cleaned([row()], sql=sql)


def test_a_missing_column_names_the_nearest():
    with pytest.raises(ReadError, match="did you mean 'year'"):
        cleaned([row()], columns={"time_period": "yaer"})
    with pytest.raises(ReadError, match="nothing says where `ref_area`"):
        origin = Source(protocol="files", columns={"indicator": ColumnRule(const="ROOMS")})
        with connect() as con:
            clean(con, [batch([row()])], Cleaning(dataset(), origin, {}, registries()))


def test_no_rows_is_an_error():
    with connect() as con, pytest.raises(ReadError, match="no rows"):
        clean(con, [], Cleaning(dataset(), Source(protocol="files"), {}, registries()))


def test_an_error_of_the_reader_arrives_as_it_was():
    def batches():
        yield batch([row()])
        raise ReadError("has a torn line", where="rooms.csv:3", todo="mend it")

    origin = Source.model_validate({"protocol": "files", "columns": COLUMNS})
    with connect() as con, pytest.raises(ReadError, match="rooms.csv:3: has a torn line"):
        clean(con, batches(), Cleaning(dataset(), origin, {}, registries()))


def correction(**changes):
    return {
        "key": {"ref_area": "48", "time_period": "2024"},
        "action": "set",
        "value": 130,
        "expect": 120,
        "reason": {"vi": "gõ nhầm", "en": "a slip"},
        "source": "letter of 1 May",
        **changes,
    }


def test_a_correction_is_applied_and_noted():
    (found,), _ = cleaned([row()], dataset(corrections=[correction()]))
    assert found["obs_value"] == 130 and "a slip" in found["obs_note"]


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ({"action": "drop", "value": None}, []),
        ({"action": "scale", "value": 10}, [(1200.0, "A")]),
        ({"action": "flag", "value": None, "status": "E"}, [(120.0, "E")]),
    ],
)
def test_the_other_corrections(action, left):
    found, _ = cleaned([row()], dataset(corrections=[correction(**action)]))
    assert [(item["obs_value"], item["obs_status"]) for item in found] == left


def test_a_correction_fails_once_the_source_is_fixed():
    with pytest.raises(QualityError, match="expects 120.0, the source now says 130.0"):
        cleaned([row(value="130")], dataset(corrections=[correction()]))
    with pytest.raises(QualityError, match="no observation has the key"):
        cleaned([row(year="2020")], dataset(corrections=[correction()]))


cells = st.text(
    alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_any_text_is_read_or_kept_with_a_reason(rows):
    found, stats = cleaned([row(*cells) for cells in rows])
    assert stats.read == len(rows) == len(found) + stats.empty
    for item in found:
        complete = None not in (item["ref_area"], item["time_period"], item["obs_value"])
        assert complete != (item["_reject"] is not None)


@pytest.mark.parametrize("corrected", [False, True])
def test_rows_that_stay_in_a_file_are_those_of_a_table(tmp_path, corrected):
    correction = {
        "key": {"ref_area": "48", "time_period": "2024"}, "expect": 120.0, "action": "set",
        "value": 130.0, "reason": {"vi": "Lỗi nhập", "en": "A typing error"}, "source": "letter 7",
    }
    declared = dataset(corrections=[correction] if corrected else [])
    origin = Source.model_validate({"protocol": "files", "columns": COLUMNS})
    rows = [row(year="2031"), row(), row(year="2022", value="x"), row(year="2023", value="..")]
    found = []
    for file in (None, tmp_path / "rows.parquet"):
        with connect() as con:
            retrieved = date(2026 if corrected else 2032, 3, 1)
            how = Cleaning(declared, origin, {}, registries(), retrieved=retrieved)
            stats = clean(con, [batch(rows)], how, file)
            kept = con.execute("SELECT * FROM observation ORDER BY _id").fetchall()
            found.append((kept, stats, is_in_file(con)))
    (table, _, in_memory), (read, stats, in_file) = found
    assert read == table and stats.rejected == (2 if corrected else 1)
    assert not in_memory and in_file is not corrected
