"""Personal data in text is found and never shown; what only looks like it is left alone."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.privacy import STRUCTURED, TEST_SEED, recall
from expectations.checks.registry import all_checks
from expectations.suites.suite import implied_expectations
from model.reference.personal_data import indirect_kinds_of, kind_of, masked, masked_values
from tests.fixtures.expectations import dataset, registries, words

PERSONAL = [
    ("CCCD 048190001234", "CCCD"), ("căn cước số 001099012345", "CCCD"),
    ("CMND: 201234567", "CMND"), ("số chứng minh nhân dân 201234567", "CMND"),
    ("gọi 0905123456", "phone"), ("ĐT 0905.123.456", "phone"), ("0905 123 456", "phone"),
    ("+84 905 123 456", "phone"), ("0236 3822 134", "phone"),
    ("nguyen.an@gmail.com", "e-mail"),
    ("thẻ DN4480123456789", "BHYT"), ("BHYT số 0123456789", "BHYT"),
    ("STK 0123456789 Vietcombank", "account"), ("số tài khoản: 190312345678", "account"),
    ("thẻ 4111 1111 1111 1111", "card"), ("5500-0000-0000-0004", "card"),
    ("3782 822463 10005", "card"), ("2221000000000009", "card"), ("9704 0000 0000 0018", "card"),
    ("mã 4111 1111 1111 1112, thẻ 4111 1111 1111 1111.", "card"),  # the second one
    ("048 190 001 234", "CCCD"), ("0481 9000 1234", "CCCD"), ("048-1-90-001234", "CCCD"),
    ("Số 079200012345.", "CCCD"), ("CC.096099000001", "CCCD"), ("０４８１９０００１２３４", "CCCD"),
    ("048\u00a0190\u00a0001\u00a0234", "CCCD"), ("0481\u200b90001234", "CCCD"),
    ("căn cước 123456789012", "CMND"), ("201234567 (CMND)", "CMND"),
    ("hộ chiếu B1234567", "passport"), ("Passport no. C7654321", "passport"),
    ("gọi 0905123456.", "phone"), ("ĐT.0905123456", "phone"), ("090 512 3456", "phone"),
    ("0912 34 56 78", "phone"), ("+84905123456", "phone"), ("+84 (0)905 123 456", "phone"),
    ("(+84) 905 123 456", "phone"), ("0084 905 123 456", "phone"), ("(0236) 3822134", "phone"),
    ("028 3829 5400", "phone"), ("0567123456", "phone"), ("zalo 84905123456", "phone"),
    ("0905–123–456", "phone"), ("nguyen.an＠gmail．com", "e-mail"),
    ("DN 4 48 01 234 56789", "BHYT"), ("GD4970123456789", "BHYT"), ("BHXH: 4820123456", "BHYT"),
    ("mã số BHXH 4820123456", "BHYT"), ("insurance card 4820123456", "BHYT"),
    ("Vietcombank 0071000123456", "account"), ("0071000123456 - VCB", "account"),
    ("tài khoản ngân hàng: 0071000123456", "account"), ("bank account 12345678", "account"),
    ("NGUYỄN VĂN AN, 1985-03-12", "name and birth"),
    ("Lê Thị Hoa, sinh năm 1985", "name and birth"),
    ("Tran Van Binh, born in 1985", "name and birth"),
    ("Nguyễn Văn An, 12/03/1985", "name and birth"),
    ("ông Trần Văn Bình sinh ngày 1-2-1990", "name and birth"),
    ("MST cá nhân 8012345678", "tax code"), ("mã số thuế: 8012 345 678", "tax code"),
    ("BHXH 48 2012 3456", "BHYT"), ("STK 1903.1234.5678", "account"),
    ("ngày sinh 12/03/1985: Lê Thị Hoa", "name and birth"),
]
INDIRECT = [
    ("Liên hệ bà Lê Thị Hoa", "name"), ("Chủ hộ: Hồ Văn Tám", "name"), ("cô Hạnh Trần", "name"),
    ("Nguyễn Hoàng Bảo Châu là chủ tàu", "name"), ("NGUYỄN THỊ LAN xác nhận", "name"),
    ("trú tại số 12/4 Lê Duẩn, phường Hải Châu", "address"),
    ("K123/45 Lê Lợi, P. Thạch Thang", "address"),
    ("ở 86 Khóm 19 Phạm Thế Hiển, xã An Hải", "address"), ("số nhà 7 đường Trần Phú", "address"),
]
NOBODY = [
    "Bà Rịa - Vũng Tàu", "Hồ Chí Minh", "đường Nguyễn Văn Linh", "Trường THPT Phan Châu Trinh",
    "Võ Nguyên Giáp", "Phan Rang - Tháp Chàm", "Bà Nà Hills", "12 xã, 5 phường", "Hà Nội, 63 tỉnh",
    "124 Lê Duẩn", "Không kể các huyện đảo", "Số liệu sơ bộ năm 2023", "World Bank, New York",
    "Mã số thuế 0400101001", "Hoàng Su Phì", "Đoạn từ Bảo tàng Chăm đến Phan Thành Tài",
    "Thị trấn Phan Rí Cửa", "Đông Thái Ninh", "Trường Tiểu học Nguyễn Như Hạnh", "Người Quan Sát",
    "Trung ương Đoàn TNCS HCM", "Duong Ngo Quang Tham", "Lê Quang Đạo đến cuối đường",
    "Phường Cổ Nhuế 2, Phường Thụy Phương, Phường Minh Khai",
    "Cao Bằng, Lâm Đồng, Thái Bình", "Bệnh viện Đà Nẵng, quận Hải Châu",
]
PIECES = [
    "0", "4", "48", "048", "190", "001234", "0905", "123", "456", "84", "+", " ", " ", ".", ",",
    "-", ": ", "'", "CCCD ", "BHYT ", "STK ", "số ", "Nguyễn Văn An", "sinh ", "12/03/1985", "1985",
    "4111 1111 1111 1111", "DN4", "@a.vn", "x", "é", "\n", "đường ", "\u00a0", "５", "VCB",
]
NAMING = [*PIECES, "ông ", "Lê ", "Thị ", "số 12 ", "phường ", "Hoa "]
HARMLESS = [
    "Số liệu sơ bộ năm 2023", "1.234.567.890 đồng", "GDP 123456789 USD", "0.912345678", "202401",
    "theo Quyết định 123/QĐ-UBND ngày 12/03/2024", "Nghị quyết 05-NQ/TU ngày 17/06/2021",
    "Hà Nội, 12/03/2024", "Hồ Chí Minh, 30/04/2025", "Thái Bình 1/7/2025", "2020-2021, 2021-2022",
    "World Bank 2024-05-28 12:33:05", "mã 4111 1111 1111 1112", "0,905123456", "20250701123456",
    # A number that is a figure, a code or an identifier, and a name that is a place or an office.
    "0.048190001234", ".0481900012340", "0,048190001234 / 5", "048490001234", "047190001234",
    "123456789012", "84905123456", "0105123456", "0405123456", "0505123456", "0200123456",
    "09-12-2024 12:33", "0905123456789", "d8cd6b77-0481-4402-9124-633df404defd",
    "09696507-80ca-4e4a-b2e0-8b12cf6efd3e", "DS1647915896880", "GD6480123456789",
    ".5580300092697144", "4111111111111111.5", "Số tài khoản cá nhân 123456789",
    "cán cân tài khoản vãng lai -1234567890 USD", "Thu bảo hiểm xã hội 1234567890 đồng",
    "thuê bao điện thoại: 912345678", "chứng minh: 123456789 đồng",
    "Đường Nguyễn Văn Linh, 30/04/2025", "trường Lê Quý Đôn (12/03/2024)",
    "Bộ trưởng Nguyễn Văn Thắng ký ngày 12/03/2024",
    "MST 0400101001 (công ty)", "mã số thuế 0100109106-001", "TK 111, TK 112",
    "1959-2023; 048; 20333", "More than 1,100 in December 2025, as quoted by the press", "",
]


def found(texts: list[str], kind: str = "expect_no_personal_data") -> list[dict]:
    con = duckdb.connect()
    con.execute("CREATE TABLE observation (_id BIGINT, obs_note VARCHAR)")
    for i, text in enumerate(texts):
        con.execute("INSERT INTO observation VALUES (?, ?)", [i, text])
    query = str(all_checks()[kind](columns=["obs_note"]).query())
    answer = con.execute(query.format(batch="(SELECT * FROM observation) AS subselect"))
    names = [item[0] for item in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture(scope="module")
def findings() -> dict[str, dict]:
    """What one query finds in all texts, each of which is a column of its own."""
    texts = [*(text for text, _ in PERSONAL), *HARMLESS]
    names = [f"t{i}" for i in range(len(texts))]
    con = duckdb.connect()
    con.execute(f"CREATE TABLE observation ({', '.join(f'{name} VARCHAR' for name in names)})")
    con.execute(f"INSERT INTO observation VALUES ({', '.join('?' * len(texts))})", texts)
    check = all_checks()["expect_no_personal_data"](columns=names)
    answer = con.execute(str(check.query()).format(batch="observation"))
    columns = [item[0] for item in answer.description]
    rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    return {texts[names.index(row["column"])]: row for row in rows}


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_personal_data_is_found_and_not_shown(findings, text, kind):
    assert findings[text]["kind"] == kind == kind_of(text)
    for shown in (findings[text]["masked"], masked(text)):
        assert set(shown) <= set("#x .,:;/+-")
        assert not any(char.isdigit() for char in shown) and kind_of(shown) is None


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_left_alone(findings, text):
    assert text not in findings
    assert masked(text) == text


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), min_size=60,
                max_size=60, unique=True))
def test_queries_and_masking_agree_on_any_text(texts):
    kinds = Counter(kind for text in texts if (kind := kind_of(text)))
    assert Counter(row["kind"] for row in found(texts)) == kinds


@pytest.mark.parametrize(("text", "kind"), INDIRECT)
def test_names_and_addresses_are_a_reason_to_look(text, kind):
    [row] = found([text], "expect_no_names_or_addresses")
    assert row["kind"] == kind and kind in indirect_kinds_of(text)
    assert set(row["masked"]) <= set("#x .,:;/+-")
    assert masked(text) == text  # a message about a street or a school stays readable


def test_places_and_historical_names_are_nobody():
    assert found(NOBODY, "expect_no_names_or_addresses") == []
    assert [text for text in NOBODY if any(indirect_kinds_of(text))] == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(NAMING), max_size=7).map("".join), min_size=60,
                max_size=60, unique=True))
def test_the_query_and_python_agree_on_names_in_any_text(texts):
    kinds = Counter(kind for text in texts if (kind := next(indirect_kinds_of(text), None)))
    assert Counter(row["kind"] for row in found(texts, "expect_no_names_or_addresses")) == kinds


def test_generated_records_are_found():
    _, shares = recall(TEST_SEED, 250, for_test=True)  # the long form: make bench-privacy
    assert all(shares[kind] >= 0.99 for kind in STRUCTURED), shares
    assert shares["name"] >= 0.9 and shares["address"] >= 0.9, shares


@pytest.mark.parametrize("wrong", ["cp1251", "cp1250", "cp1252", "latin-1", "iso-8859-2",
                                   "shift_jis", "euc_jp", "gb2312", "euc_kr"])
def test_text_in_another_encoding_is_found_whatever_it_was(wrong):
    spoilt = "Số liệu sơ bộ, không kể các huyện đảo".encode().decode(wrong, "ignore")
    harmless = ["Đà Nẵng, ĂN UỐNG", "Năm 2023 (µg/m³)", "Số liệu sơ bộ", "Москва", "東京", "N° 5"]
    con = duckdb.connect()
    con.execute("CREATE TABLE observation (_id BIGINT, obs_note VARCHAR)")
    for number, text in enumerate([spoilt, *harmless]):
        con.execute("INSERT INTO observation VALUES (?, ?)", [number, text])
    query = str(all_checks()["expect_text_to_be_readable"](columns=["obs_note"]).query())
    rows = con.execute(query.format(batch="observation")).fetchall()
    assert [row[0] for row in rows] == [0]


def test_a_message_stays_readable_around_what_it_quotes():
    assert masked("obs_value: '0905123456' is no number") == "obs_value: '##########' is no number"
    assert masked("new codes: `a`, `CCCD 048190001234`") == "new codes: `a`, `xxxx ############`"
    assert masked("gọi 'An' 0905123456") == "xxx xxxx ##########"
    assert masked("0905123456's, the city's") == "##########xx, xxx xxxxxx"


def test_every_text_of_a_value_is_masked_and_nothing_else():
    value = {"a": ["gọi 0905123456", 905123456, None, True], "0905123456": {"b": ("x", 0.5)}}
    assert masked_values(value) == {
        "a": ["xxx ##########", 905123456, None, True], "##########": {"b": ("x", 0.5)},
    }


def test_what_is_free_text_in_a_release_is_searched():
    declared = dataset(dimensions={
        "sex": {"name": words("Sex"), "codelist": "sex"}, "cause": {"name": words("Cause")},
    })
    for name in ("no_personal_data", "text_readable"):
        [check] = [item for item in implied_expectations(declared, registries())
                   if item.name == name]
        assert check.kwargs["columns"] == ["cause", "obs_note"]
    # Every other column of text holds declared codes, and a row that does not is held back.
    known = {item.kwargs.get("column") for item in implied_expectations(declared, registries())
             if item.type == "expect_column_values_to_be_in_set" and item.severity == "critical"}
    texts = set(declared.columns) - {"cause", "obs_note", "obs_value", "time_period"}
    texts.remove("unit_measure")  # the declaration's own
    assert texts <= known


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
