"""The portal of Da Nang: numbers in base64, a login, bare arrays, HTML where it is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from model.errors import SourceError
from sources.base import Request
from sources.connectors import da_nang_portal
from tests.fixtures.sources import Web, fetched, table

ROWS = [
    {"ten_dvhc": "Hải Châu", "ten_duong": f"Đường {n}", "gia_dat_o_vt1": "98.800,5"}
    for n in range(250)
]
ROWS[7] = {**ROWS[7], "ghi_chu": "mới"}


def portal(request: Request) -> str:
    """Answer as the portal does, with the login `a@b.vn:mật khẩu` in ASCII."""
    expected = "Basic " + base64.b64encode(b"city@danang.vn:s3:cret").decode()
    if request.secrets.get("Authorization") != expected:
        return "<!DOCTYPE html><html><head><title>Đăng nhập</title></head></html>"
    split = urlsplit(request.url)
    assert split.path == "/api/dataset/MTIz"  # 123
    query = parse_qs(split.query)
    offset, limit = int(query["offset"][0]), min(100, int(query["limit"][0]))
    return json.dumps(ROWS[offset : offset + limit], ensure_ascii=False)


OPTIONS: dict[str, Any] = {"datasets": [123], "login": {"env": "DA_NANG_LOGIN"}}


@pytest.fixture(name="login")
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DA_NANG_LOGIN", "city@danang.vn:s3:cret\n")


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize("limit", [50, 100, 1000])
def test_all_records_even_where_the_portal_gives_less_than_asked(
    tmp_path: Path, limit: int
) -> None:
    web = Web(portal)
    found = fetched(da_nang_portal, web, tmp_path, limit=limit, **OPTIONS)
    records = table(da_nang_portal, found, **OPTIONS).to_pylist()
    assert [r["ten_duong"] for r in records] == [r["ten_duong"] for r in ROWS]
    assert records[0]["gia_dat_o_vt1"] == "98.800,5"
    assert [r["ghi_chu"] for r in records[6:9]] == [None, "mới", None]
    assert web.urls[-1].endswith("offset=250")
    assert "s3:cret" not in found.parts[0].record.model_dump_json() + repr(web.requests)


def test_a_refused_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DA_NANG_LOGIN", "city@danang.vn:wrong")
    with pytest.raises(SourceError, match="the login is refused.*Đăng nhập") as caught:
        fetched(da_nang_portal, Web(portal), tmp_path, **OPTIONS)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "nocolonhere", "two:\nlines", "mật:khẩu"])
def test_a_login_that_cannot_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("DA_NANG_LOGIN", text)
    with pytest.raises(SourceError, match="DA_NANG_LOGIN") as caught:
        fetched(da_nang_portal, Web(portal), tmp_path, **OPTIONS)
    assert not text or text not in str(caught.value)


def test_a_login_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "login").write_text("city@danang.vn:s3:cret\n")
    options = {"datasets": [123], "login": {"file": str(tmp_path / "login")}}
    assert fetched(da_nang_portal, Web(portal), tmp_path / "t", **options).parts
    (tmp_path / "login").unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        fetched(da_nang_portal, Web(portal), tmp_path / "t", **options)


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"message": "Không tìm thấy"}', "no array of records; it says: Không tìm thấy"),
        ('[{"a": 1}]', "the same page at offset 1"), ('[{"a": 1}', "is not JSON"),
        ("", "is empty"),
    ],
)
def test_answers_that_are_no_data(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        fetched(da_nang_portal, Web(lambda request: body), tmp_path, **OPTIONS)


@pytest.mark.usefixtures("login")
def test_a_dataset_without_records(tmp_path: Path) -> None:
    found = fetched(da_nang_portal, Web(lambda request: "[]"), tmp_path, **OPTIONS)
    assert table(da_nang_portal, found, **OPTIONS).num_rows == 0


def test_the_login_itself_is_no_option() -> None:
    for login in ({}, {"env": "A", "file": "b"}, {"env": "a b"}, "user:password"):
        with pytest.raises(ValidationError):
            da_nang_portal.Options.model_validate({"datasets": [1], "login": login})
    with pytest.raises(ValidationError, match="together"):
        da_nang_portal.Options.model_validate({"datasets": [1]})
