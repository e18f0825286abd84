"""One answer may settle several fields: a place its codelist and area, a publisher the licence."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import OpenIndicatorsError
from pipelines.cli.confirm.command import confirm
from pipelines.cli.new.command import new
from tests.fixtures.projects import for_this_city

TABLE = "Phân loại;Đơn vị tính;Năm 2019;Năm 2020\nMực nước sông;Cm;7;20\nCao nhất;Cm;101;215\n"


@pytest.fixture
def declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the declaration of a table about one place, which it does not name."""
    project = for_this_city(tmp_path / "project")
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(project))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "muc_nuoc.csv"
    path.write_text(TABLE, encoding="utf-8")
    assert new("environment/water_level", str(path)) == 0
    return project / "assets" / "environment" / "water_level.yaml"


def given(*answers: str) -> int:
    """Answer questions of the table."""
    return confirm("environment/water_level", answers, False, "Khuê")


def test_a_place_settles_codelist_and_area(declaration: Path) -> None:
    text = declaration.read_text(encoding="utf-8")
    assert 'codelist: "?"' in text and 'ref_area: {const: "?"}' in text
    assert text.count("- field: geography") == 1 and "unit: centimetres" in text
    given("geography.coverage=da_nang")
    text = declaration.read_text(encoding="utf-8")
    # Two of the lists of provinces were over by 2020; the third had not begun.
    assert "codelist: vn_province_2008" in text and 'ref_area: {const: "48"}' in text
    assert "- field: geography" not in text


def test_a_place_of_ones_own_leaves_codelist_and_area_open(declaration: Path) -> None:
    given("geography.coverage={vi: Sông Cẩm Lệ, en: Cam Le River}")
    text = declaration.read_text(encoding="utf-8")
    assert 'codelist: "?"' in text and "Cam Le River" in text and "- field: geography" in text


@pytest.mark.parametrize(("publisher", "is_asked"), [
    ("nso_viet_nam", False), ("vn_tourism_authority", True),
])
def test_a_licence_is_asked_for_where_the_registry_has_none(
    declaration: Path, publisher: str, is_asked: bool
) -> None:
    assert "licence" not in declaration.read_text(encoding="utf-8")
    given(f"publisher={publisher}")
    assert ('licence: "?"' in declaration.read_text(encoding="utf-8")) == is_asked


def test_an_unknown_publisher_is_called_so(declaration: Path) -> None:
    before = declaration.read_bytes()
    with pytest.raises(OpenIndicatorsError, match="unknown publisher 'vn_") as said:
        given("title={vi: Mực nước, en: Water level}", "publisher=vn_tourism_autority")
    assert said.value.todo == "did you mean 'vn_tourism_authority'?"
    # None of the answers is kept, so that the corrected command can be given again as a whole.
    assert declaration.read_bytes() == before
    given("title={vi: Mực nước, en: Water level}", "publisher=vn_tourism_authority")
    assert "Water level" in declaration.read_text(encoding="utf-8")


def test_a_proposed_place_is_an_answer(declaration: Path) -> None:
    given("geography={codelist: country, coverage: viet_nam}")
    text = declaration.read_text(encoding="utf-8")
    assert "geography: {codelist: country, coverage: viet_nam}" in text
    assert 'ref_area: {const: VNM}' in text and "- field: geography" not in text


def test_rows_that_share_their_key_stay_asked_about_when_the_place_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = for_this_city(tmp_path / "project")
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(project))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "paid.csv"
    path.write_text("year,paid\n2019,1.5\n2019,2.5\n2020,3.5\n", encoding="utf-8")
    assert new("finance/paid", str(path)) == 0
    assert confirm("finance/paid", (
        "geography={codelist: country, coverage: {vi: Anh, en: United Kingdom}}",
        "source.columns.ref_area.const=GBR",
    ), False, "Khuê") == 9
    text = (project / "assets/finance/paid.yaml").read_text(encoding="utf-8")
    assert "ref_area: {const: GBR}" in text
    assert "Which column tells rows of one area, period and indicator apart?" in text
