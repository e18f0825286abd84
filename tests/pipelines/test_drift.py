"""A source that changes its shape stops its dataset alone, and says how it changed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterEventType

from model.declarations.load import load_declaration
from model.errors import DeclarationError, DriftError
from model.records.source_schema import SOURCE_SCHEMA_CHECK
from model.reference.registries import load_registries
from pipelines.catalogue import load_catalogue
from pipelines.dagster.assets import asset_key
from pipelines.dagster.instance import open_instance
from pipelines.settings import Settings
from pipelines.steps.fetch import take_snapshot
from pipelines.steps.release import Released, make_release
from sources.fetch.folder import FolderTransport
from tests.fixtures.commands import PROJECT, openindicators
from tests.fixtures.projects import for_this_city
from warehouse.store import releases
from warehouse.store.data_dir import DataDir

TRADE = "finance/exports"
DECLARATION = """\
title: {vi: Xuất khẩu, en: Exports}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [xuất khẩu], en: [exports]}
frequency: A
geography:
  codelist: vn_province_2008
  coverage: {vi: Việt Nam, en: Viet Nam}
indicators:
  EXPORTS: {name: {vi: Xuất khẩu, en: Exports}, unit: count}
  IMPORTS: {name: {vi: Nhập khẩu, en: Imports}, unit: count}
dimensions:
  mode: {name: {vi: Phương thức, en: Mode}, codelist: transport_mode}
tolerance: 0.5
source:
  protocol: files
  files: [exports.csv]
  columns:
    indicator: {column: "Chỉ tiêu", map: {Xuất khẩu: EXPORTS, Nhập khẩu: IMPORTS}}
    ref_area: {column: "Tỉnh"}
    mode: {column: "Phương thức"}
    time_period: {column: "Năm"}
    obs_value: {column: "Giá trị (triệu USD)", locale: vi}
"""
HEAD = "Chỉ tiêu,Tỉnh,Phương thức,Năm,Giá trị (triệu USD),ĐVT,Ghi chú\n"
ROWS = """\
Xuất khẩu,Đà Nẵng,air,2021,"1.001,5",triệu USD,
Xuất khẩu,Quảng Nam,sea,2021,"902,5",triệu USD,
Nhập khẩu,Đà Nẵng,sea,2021,"803,5",triệu USD,
Xuất khẩu,Đà Nẵng,air,2022,"1.104,5",triệu USD,
Xuất khẩu,Quảng Nam,sea,2022,"905,5",triệu USD,
Nhập khẩu,Đà Nẵng,sea,2022,"706,5",triệu USD,
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class DriftProject:
    """A project of one dataset in one process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data_dir = folder, DataDir(folder / "home")
        self.declaration = folder / "project" / "assets" / f"{TRADE}.yaml"
        self.table = self.data_dir.inbox / "exports.csv"

    def declare(self, old: str = "", new: str = "") -> None:
        assert old in DECLARATION
        self.declaration.write_text(DECLARATION.replace(old, new), encoding="utf-8")

    def run(self, text: str, dataset: str = TRADE) -> Released:
        self.table.write_text(text, encoding="utf-8")
        project = self.folder / "project"
        settings = Settings(data_dir=self.data_dir, profile="sample", project=project)
        bound = load_catalogue(settings).bound_datasets("sample")[dataset]
        take_snapshot(bound, self.data_dir, FolderTransport(self.data_dir.inbox), lambda: NOW)
        return make_release(bound, self.data_dir, lambda: NOW)

    def number(self, dataset: str = TRADE) -> int:
        stored = releases.current(self.data_dir, dataset)
        return stored.release.number if stored else 0


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    made = DriftProject(tmp_path_factory.mktemp("template"))
    for_this_city(made.folder / "project")
    made.declaration.parent.mkdir(parents=True)
    made.data_dir.prepare()
    made.declare()
    made.run(HEAD + ROWS)
    return made


@pytest.fixture
def project(tmp_path, template):
    shutil.copytree(template.folder, tmp_path, dirs_exist_ok=True)
    return DriftProject(tmp_path)


# What the source does -> words of the message, in Vietnamese and English
STOPS = {
    "renamed column": (
        HEAD.replace("triệu USD", "tỷ USD") + ROWS,
        "column `Giá trị (triệu USD)` is gone; nearest new column: `Giá trị (tỷ USD)`"
        " (6 of 6 sampled values are the same)",
    ),
    "renamed beyond likeness": (
        HEAD.replace("Giá trị (triệu USD)", "Kim ngạch") + ROWS,
        "nearest new column: `Kim ngạch` (6 of 6 sampled values are the same)",
    ),
    "lost column": (
        "\n".join(line.replace(",air,", ",").replace(",sea,", ",")
                  for line in (HEAD.replace("Phương thức,", "") + ROWS).split("\n")),
        "column `Phương thức` is gone",
    ),
    "numbers became text": (
        HEAD + ROWS.replace('"1.001,5"', "một nghìn").replace('"902,5"', "x").replace(
            '"803,5"', "x").replace('"1.104,5"', "x").replace('"905,5"', "x").replace(
            '"706,5"', "x"),
        "column `Giá trị (triệu USD)` was number as text, is now text",
    ),
    "changed unit": (
        HEAD + ROWS.replace(",triệu USD,", ",tỷ USD,"),
        "the unit (`ĐVT, Nhập khẩu`) was `triệu USD`, is now `tỷ USD`",
    ),
    "unit of one indicator": (
        HEAD + ROWS.replace('"706,5",triệu USD', '"706,5",tỷ USD'),
        "the unit (`ĐVT, Nhập khẩu`) was `triệu USD`, is now `triệu USD`, `tỷ USD`",
    ),
    "unknown area": (
        HEAD + ROWS.replace("Quảng Nam", "Quảng Nam (cũ)"),
        "unknown `ref_area`: `Quảng Nam (cũ)` (nearest to `Quảng Nam`, which is gone)",
    ),
    "unknown indicator": (
        HEAD + ROWS + 'Tái xuất,Đà Nẵng,air,2022,"1,5",triệu USD,\n',
        "unknown `indicator`: `Tái xuất`",
    ),
    "unknown code of a dimension": (
        HEAD + ROWS + 'Xuất khẩu,Đà Nẵng,drone,2022,"1,5",triệu USD,\n', "unknown `mode`: `drone`",
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_what_the_declaration_relies_on_stops(project, name):
    text, words = STOPS[name]
    for _ in range(2):  # it stops as long as nobody has answered
        with pytest.raises(DriftError) as raised:
            project.run(text)
        assert words in raised.value.what and raised.value.todo and raised.value.where == TRADE
    assert raised.value.exit_code == 4 and project.number() == 1
    assert project.run(HEAD + ROWS).current.release.number == 1  # the source is as it was


PASSES = {
    "new column": (
        (HEAD + ROWS).replace("Ghi chú\n", "Ghi chú,Nguồn\n").replace("triệu USD,\n",
                                                                     "triệu USD,,CTK\n"),
        "new column `Nguồn`",
    ),
    "lost column that nobody reads": (
        (HEAD + ROWS).replace(",Ghi chú\n", "\n").replace("triệu USD,\n", "triệu USD\n"),
        "column `Ghi chú` is gone",
    ),
    "new area that the codelist knows": (
        HEAD + ROWS + 'Xuất khẩu,Hà Nội,air,2022,"1,5",triệu USD,\n', "new `ref_area`: `01`",
    ),
    "area that is gone": (
        HEAD + "".join(row for row in ROWS.splitlines(True) if "Quảng Nam" not in row),
        "gone `ref_area`: `49`",
    ),
}


@pytest.mark.parametrize("name", PASSES)
def test_additions_pass_with_a_warning(project, name):
    text, words = PASSES[name]
    stored = project.run(text).current
    assert stored.release.number == 2 and stored.source_schema
    assert [item.what.get("en") for item in stored.source_schema.drift] == [words]
    check = next(item for item in stored.quality.checks if item.name == SOURCE_SCHEMA_CHECK)
    assert (
        check.outcome == "warned"
        and words in check.title.get("en")
        and "Khác" in check.title.get("vi")
    )
    shutil.rmtree(project.data_dir.root / "tables")
    assert project.run(text).current.release.number == 2  # and the same is found again
    (found,) = (project.data_dir.root / "tables").rglob("source_schema.json")
    assert found.read_bytes() == stored.path("source_schema.json").read_bytes()


SAME = {
    "new periods": HEAD + ROWS + ROWS.replace(",2022,", ",2023,").replace(",2021,", ",2024,"),
    "other order of rows": HEAD + "".join(reversed(ROWS.splitlines(keepends=True))),
}


def test_other_bytes_of_the_same_figures_are_no_release(project):
    """Some sources write a file anew for each request; here an area is spelt otherwise."""
    spelt = HEAD + ROWS.replace("Quảng Nam", "tỉnh quảng nam")
    before = project.data_dir.root / "releases"
    files = sorted(before.rglob("*"))
    for text in (spelt, spelt + "\n", HEAD + ROWS):
        outcome = project.run(text)
        assert not outcome.changed and outcome.current.release.number == 1
    assert sorted(before.rglob("*")) == files
    assert project.run(HEAD + ROWS.replace("905,5", "905,6")).current.release.number == 2


@pytest.mark.parametrize("name", SAME)
def test_what_is_no_drift(project, name):
    stored = project.run(SAME[name]).current
    assert stored.release.number == 2 and stored.source_schema.drift == ()
    check = next(item for item in stored.quality.checks if item.name == SOURCE_SCHEMA_CHECK)
    assert check.outcome == "passed"


def test_a_new_column_blocks_where_it_is_not_allowed(project):
    project.declare("  protocol: files", "  protocol: files\n  allow: {new_columns: false}")
    with pytest.raises(DriftError, match="new column `Nguồn`"):
        project.run(PASSES["new column"][0])


def test_allowed_codes_are_quarantined_row_by_row(project):
    project.declare("  protocol: files", "  protocol: files\n  allow: {new_codes: [mode]}")
    stored = project.run(STOPS["unknown code of a dimension"][0]).current
    assert stored.release.number == 2 and stored.release.quarantined == 1
    assert [item.what.get("en") for item in stored.source_schema.drift] == [
        "unknown `mode`: `drone`"
    ]


def test_a_misspelt_concept_is_refused(project):
    project.declare("  protocol: files", "  protocol: files\n  allow: {new_codes: [ref_aera]}")
    with pytest.raises(DeclarationError, match="did you mean 'ref_area'"):
        load_declaration(project.declaration, load_registries(PROJECT))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("renamed column", "(triệu USD)", "(tỷ USD)"),
        ("changed unit", "  protocol", "  checked: 2026-01-01\n  protocol"),
    ],
)
def test_a_changed_declaration_is_the_answer(project, name, old, new):
    text, _ = STOPS[name]
    with pytest.raises(DriftError):
        project.run(text)
    project.declare(old, new)
    assert project.run(text).current.release.number == 2


def test_an_edit_elsewhere_is_no_answer(project):
    project.declare("{vi: Xuất khẩu, en: Exports}\ndesc", "{vi: Hàng xuất, en: Exports}\ndesc")
    with pytest.raises(DriftError, match="was `triệu USD`, is now `tỷ USD`"):
        project.run(STOPS["changed unit"][0])


def test_a_changed_column_is_no_answer_for_a_code(project):
    project.declare("(triệu USD)", "(tỷ USD)")
    with pytest.raises(DriftError, match="unknown `mode`: `drone`"):
        project.run(STOPS["unknown code of a dimension"][0].replace(HEAD, STOPS["renamed column"][0]
                                                                  .split("\n")[0] + "\n"))


def test_people_are_notified_and_the_others_run(project):
    other = "finance/imports"
    project.declaration.with_name("imports.yaml").write_text(
        DECLARATION.replace("exports.csv", "imports.csv"), encoding="utf-8"
    )
    imports = project.data_dir.inbox / "imports.csv"
    imports.write_text(HEAD + ROWS, encoding="utf-8")
    project.run(HEAD + ROWS, other)
    imports.write_text(PASSES["new column"][0], encoding="utf-8")
    project.table.write_text(STOPS["changed unit"][0], encoding="utf-8")
    said = openindicators(
        project.data_dir.root, "run", OPENINDICATORS_PROJECT=str(project.folder / "project")
    )
    assert said.code == 4, said.out + said.err
    assert "the unit (`ĐVT, Nhập khẩu`) was `triệu USD`, is now `tỷ USD`" in said.err
    assert "`checked`" in said.err and "Traceback" not in said.err
    assert f"{other}: new column `Nguồn`" in said.out
    assert (project.number(), project.number(other)) == (1, 2)
    with open_instance(project.data_dir) as instance:
        event = instance.get_latest_materialization_event(asset_key(other, "table"))
        logged = instance.all_logs(event.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.dagster_event.asset_check_evaluation_data for entry in logged]
    (check,) = [item for item in checks if item.check_name == SOURCE_SCHEMA_CHECK]
    assert not check.passed and "new column `Nguồn`" in check.metadata["in words"].value
    page = (project.data_dir.site / "en" / f"{other}.html").read_text(encoding="utf-8")
    assert "new column `Nguồn`" in page
