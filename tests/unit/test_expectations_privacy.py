"""Personal data in text is found and never shown; what only looks like it is left alone."""

from __future__ import annotations

import duckdb
import pytest

from expectations.custom import CUSTOM, completed
from tests.unit.expectations_world import dataset

PERSONAL = [
    ("CCCD 048190001234", "CCCD"), ("căn cước số 001099012345", "CCCD"),
    ("CMND: 201234567", "CMND"), ("số chứng minh nhân dân 201234567", "CMND"),
    ("gọi 0905123456", "phone"), ("ĐT 0905.123.456", "phone"), ("0905 123 456", "phone"),
    ("+84 905 123 456", "phone"), ("0236 3822 134", "phone"),
    ("nguyen.an@gmail.com", "e-mail"),
    ("thẻ DN4480123456789", "BHYT"), ("BHYT số 0123456789", "BHYT"),
    ("STK 0123456789 Vietcombank", "account"), ("số tài khoản: 190312345678", "account"),
    ("thẻ 4111 1111 1111 1111", "card"), ("5500-0000-0000-0004", "card"),
    ("Nguyễn Văn An, 12/03/1985", "name and birth"),
    ("ông Trần Văn Bình sinh ngày 1-2-1990", "name and birth"),
    ("ngày sinh 12/03/1985: Lê Thị Hoa", "name and birth"),
]
HARMLESS = [
    "Số liệu sơ bộ năm 2023", "1.234.567.890 đồng", "GDP 123456789 USD", "0.912345678", "202401",
    "theo Quyết định 123/QĐ-UBND ngày 12/03/2024", "Nghị quyết 05-NQ/TU ngày 17/06/2021",
    "Hà Nội, 12/03/2024", "Hồ Chí Minh, 30/04/2025", "Thái Bình 1/7/2025", "2020-2021, 2021-2022",
    "World Bank 2024-05-28 12:33:05", "mã 4111 1111 1111 1112", "0,905123456", "20250701123456",
    "1959-2023; 048; 20333", "More than 1,100 in December 2025, as quoted by the press", "",
]


def found(texts: list[str], kind: str = "expect_no_personal_data") -> list[dict]:
    con = duckdb.connect()
    con.execute("CREATE TABLE observation (_id BIGINT, obs_note VARCHAR)")
    for i, text in enumerate(texts):
        con.execute("INSERT INTO observation VALUES (?, ?)", [i, text])
    query = CUSTOM[kind].query(completed(kind, {"columns": ["obs_note"]}, dataset()))
    answer = con.execute(query.format(batch="(SELECT * FROM observation) AS subselect"))
    names = [item[0] for item in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_personal_data_is_found(text, kind):
    assert [row["kind"] for row in found([text])] == [kind]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_left_alone(text):
    assert found([text]) == []


@pytest.mark.parametrize(("text", "_"), PERSONAL)
def test_what_was_found_is_not_told(text, _):
    masked = found([text])[0]["masked"]
    assert not any(char.isdigit() for char in masked)
    assert set(masked) <= set("#x .,:;/@+-")


def test_rows_with_the_same_text_are_counted_together():
    assert [row["affected"] for row in found(["gọi 0905123456"] * 3 + ["khác"])] == [3]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("text", ["Số liệu sơ bộ", "Đà Nẵng", "Không kể huyện đảo", "café"])
def test_text_in_the_wrong_encoding_is_found(text, encoding):
    broken = text.encode().decode(encoding, "replace")
    assert [row["_id"] for row in found([text, broken], "expect_text_to_be_readable")] == [1]


@pytest.mark.parametrize("text", ["XÃ HỘI", "Â là chữ cái", "TÂN AN", "São Tomé", "Côte d'Ivoire",
                                  "Ngô “Đồng” – 5 €", "ÁO VÀ QUẦN", "Ærø"])
def test_vietnamese_and_other_text_is_readable(text):
    assert found([text], "expect_text_to_be_readable") == []
