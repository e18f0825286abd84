"""The preview of a change: everything that it would do is named, and nothing is done."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
import yaml

from pipelines.cli.compare.preview import preview
from pipelines.preview.consumers import breaking_changes
from portal.content import Content
from tests.fixtures.answers import confirming
from tests.fixtures.commands import PROJECT, openindicators
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.projects import for_this_city
from tests.fixtures.releases import make_release, row
from warehouse.engine import connect

ROOMS, BEDS = "tourism/hotel_rooms", "health/beds"
EVIL = "<script>alert(1)</script>|`x`[y](https://x.example)"
CELL = (
    'indicator: HOTEL_ROOMS, area: "48", period: 2020, source: book, verified_by: Office,'
    " verified_on: 2026-11-29"
)


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


class Project:
    """A project in a git repository, whose dataset has one release."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.folder = folder / "data", folder / "project"
        for_this_city(self.folder)
        self.command("new", ROOMS)
        self.command(*confirming(ROOMS))
        source = self.data_dir / "inbox" / "hotel_rooms.csv"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("area,year,value\n" + "".join(
            f"48,{year},{year * 7 - 13900}\n" for year in range(2000, 2025)
        ))
        self.command("run", ROOMS)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", ".")
        self.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "First")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True)

    def command(self, *arguments: str, code: int = 0) -> str:
        found = openindicators(
            self.data_dir, *arguments, OPENINDICATORS_PROJECT=str(self.folder), COLUMNS="300"
        )
        assert found.code == code, found.out + found.err
        return found.out + found.err

    def preview(self, *arguments: str, code: int = 0) -> str:
        """Run a preview, and see that it leaves data folder and project as they are."""
        before = files(self.data_dir), files(self.folder)
        said = self.command("preview", *arguments, code=code)
        assert (files(self.data_dir), files(self.folder)) == before
        return said


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Project:
    return Project(tmp_path_factory.mktemp("preview"))


@pytest.fixture
def project(released):
    """The project as it was committed, before and after each test."""
    yield released
    released.git("checkout", "--quiet", ".")
    released.git("clean", "-fdq")


def edit(project: Project, old: str, new: str, path: str = f"assets/{ROOMS}.yaml") -> None:
    file = project.folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_without_an_edit_nothing_differs(project):
    assert "No dataset differs from HEAD." in project.preview("--base", "HEAD")


def test_a_comment_is_no_edit(project):
    edit(project, "title:", "# A comment.\ntitle:")
    assert "No dataset differs from main." in project.preview()


def test_a_title_makes_a_release_with_other_pages_and_fields(project, tmp_path):
    edit(project, 'en: "Hotel rooms"', 'en: "Rooms for guests"')
    page, text = tmp_path / "preview.html", tmp_path / "preview.md"
    said = project.preview("--html", str(page), "--markdown", str(text))
    assert re.search(rf"{ROOMS} +release 2 +25 +0 +0 +0 +0", said)
    assert re.search(r"title_translated .*Hotel rooms.*Rooms for guests", said)
    assert re.search(r"~ +en/tourism/hotel_rooms.html +\+\d+ −\d+", said)
    assert "| tourism/hotel\\_rooms | release 2 | 25 | 0 | 0 | 0 |" in text.read_text()
    assert "<td>release 2</td>" in page.read_text()
    parser = HTMLParser()
    parser.feed(page.read_text())
    parser.close()


def test_a_publisher_of_the_registry_changes_pages_without_a_release(project):
    name = "People's Committee of Da Nang City"
    edit(project, name, "The committee", "registry/publishers.yaml")
    said = project.preview()
    assert re.search(rf"{ROOMS} +no new release +25 +0 +0 +0 +0", said)
    assert re.search(rf"publisher +….*en: {name}.*en: The committee", said)
    assert re.search(r"~ +en/tourism/hotel_rooms.html +\+\d+ −\d+", said)


def test_who_answers_questions_for_the_city_is_said_of_each_dataset(project):
    edit(project, "contact: da_nang_dst", "contact: da_nang_statistics", "city.yaml")
    said = project.preview()
    assert re.search(rf"{ROOMS} +no new release", said)
    edit(project, "contact: da_nang_statistics", "contact: da_nang_dst", "city.yaml")
    email = "email: opendata@danang.gov.vn"
    edit(project, email, "email: x@danang.gov.vn", "registry/publishers.yaml")
    assert re.search(r"contact +….*opendata@danang.*x@danang", project.preview())


def test_another_order_of_languages_is_no_edit_of_a_dataset(project):
    edit(project, "languages: [vi, en]", "languages: [en, vi]", "city.yaml")
    assert "No dataset differs from main." in project.preview()


def test_figures_that_change_are_counted_and_what_blocks_is_named(project):
    edit(project, "{column: value, locale: plain}", "{column: value, locale: plain, scale: 1000}")
    said = project.preview(code=5)
    assert re.search(rf"{ROOMS} +blocked +25 +0 +25 +0 +0 +not_scaled failed", said)
    assert "25 of 25 revised" not in said and "all ×1000" in said
    assert "×1000: 25/25" in said and "openindicators accept" in said


def test_a_unit_breaks_consumers(project):
    edit(project, "unit: count", "unit: persons")
    said = project.preview(code=10)
    assert "breaks consumers: indicator HOTEL_ROOMS: unit count becomes persons" in said
    assert "status, note or unit only: 25" in said


def test_rows_that_are_no_longer_read_are_withdrawn(project):
    edit(project, "columns:", "where: {year: [\"2000\", \"2001\", \"2002\"]}\n  columns:")
    said = project.preview(code=5)  # a file cut short
    assert re.search(rf"{ROOMS} +blocked +25 → 3 +0 +0 +22", said)


def test_a_suite_alone_is_an_edit(project):
    path = project.folder / f"expectations/{ROOMS}.yaml"
    path.write_text(f"{path.read_text()}golden:\n  - {{{CELL}, value: 1}}\n")
    said = project.preview(code=5)
    assert "HOTEL_ROOMS, 48, 2020: 240.0 (expected 1.0)" in said
    path.write_text(path.read_text().replace("29, value: 1}", "29, value: 240}"))
    assert re.search(rf"{ROOMS} +release 2 +25 +0 +0 +0", project.preview())


def test_a_dataset_without_a_snapshot_is_named_and_one_that_is_gone(project):
    project.command("new", BEDS)
    assert f"nothing is known of {BEDS}" not in project.preview(code=9)  # its questions are open
    project.command(*confirming(BEDS))
    assert f"without a snapshot, nothing is known of {BEDS}" in project.preview()
    shutil.rmtree(project.folder / "assets/tourism")
    shutil.rmtree(project.folder / "expectations/tourism")
    assert f"{ROOMS} is no longer declared: its releases stay public" in project.preview()


def test_what_is_wrong_has_the_exit_code_of_its_kind(project):
    edit(project, "unit: count", "unit: counts")
    assert "did you mean 'count'?" in project.preview(code=3)


def test_a_commit_that_git_does_not_know(project):
    assert "fetch the whole history" in project.preview("--base", "nothing", code=1)


def test_a_text_of_the_declaration_is_no_markup(project, tmp_path):
    edit(project, 'en: "Hotel rooms"', f"en: '{EVIL}'")
    page, text = tmp_path / "preview.html", tmp_path / "preview.md"
    project.preview("--html", str(page), "--markdown", str(text))
    assert "<script" not in page.read_text() + text.read_text()
    assert "[y](" not in text.read_text() and "https://x" not in text.read_text()


def test_figures_that_are_not_public_are_counted_and_not_listed(project):
    edit(project, "frequency: A", "access_rights: RESTRICTED\nfrequency: A")
    edit(project, "locale: plain}", "locale: plain, scale: 1.01}")
    said = project.preview()
    assert re.search(rf"{ROOMS} +release 2 +25 +0 +25", said)
    assert "Observations" not in said and "old_value" not in said


def test_the_examples_for_continuous_integration_are_commands_of_ours():
    text = (PROJECT / "docs" / "preview.md").read_text(encoding="utf-8")
    jobs = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    steps = [step.get("run", "") for step in jobs[0]["jobs"]["preview"]["steps"]]
    made = typer.Typer()
    made.command()(preview)
    known = {option for each in typer.main.get_command(made).params for option in each.opts}
    for lines in (steps, jobs[1]["preview"]["script"]):
        [command] = [line for line in lines if "openindicators preview" in line]
        assert set(re.findall(r"--\w+", command)) == {"--base", "--markdown", "--html"} & known


TEXT = {"vi": "Phòng", "en": "Rooms"}
INDICATOR = {"name": TEXT, "definition": TEXT, "unit": "count"}
PLACES = {"codelist": "vn_province_2008", "coverage": TEXT}


@pytest.mark.parametrize(("change", "rows", "lines"), [
    ({}, [row()], []),
    ({}, [row(), row(ref_area="49")], []),  # more breaks nobody
    ({}, [row(ref_area="49")], ["code of ref_area withdrawn (observations): 48 (2)"]),
    ({"indicators": {"BEDS": INDICATOR}}, [row(indicator="BEDS")],
     ["indicator withdrawn (observations): ROOMS (2)"]),
    ({"indicators": {"ROOMS": {**INDICATOR, "unit": "persons"}}}, [row()],
     ["indicator ROOMS: unit count becomes persons"]),
    ({"indicators": {"ROOMS": {**INDICATOR, "kind": "target"}}}, [row()],
     ["indicator ROOMS: observed becomes target"]),
    ({"indicators": {"ROOMS": {**INDICATOR, "definition": {**TEXT, "en": "Beds"}}}}, [row()],
     ["indicator ROOMS: definition (en) “Rooms” becomes “Beds”"]),
    ({"dimensions": {"sex": {"name": TEXT, "codelist": "sex"}}}, [row(sex="F")],
     ["dimension sex is new: an observation has another key"]),
    ({"frequency": "M"}, [row()], ["frequency A becomes M"]),
    ({"licence": "CC-BY-4.0"}, [row()], ["licence DA-NANG-OPEN becomes CC-BY-4.0"]),
    ({"geography": {**PLACES, "codelist": "vn_province_2025"}}, [row(geo_vintage="VN:2025-07-01")],
     ["code of geo_vintage withdrawn (observations): VN:2008-08-01 (2)",
      "ref_area: codelist vn_province_2008 becomes vn_province_2025"]),
])
def test_what_consumers_no_longer_find(tmp_path, change, rows, lines):
    declared = dataset(indicators={"ROOMS": INDICATOR}, geography=PLACES)
    edited = dataset(**{"indicators": {"ROOMS": INDICATOR}, "geography": PLACES, **change})
    old = make_release(tmp_path / "1", declared, [row(), row(time_period="2021")])
    new = make_release(tmp_path / "2", edited, rows, number=2)
    contents = (Content.of(each, registries()) for each in (old, new))
    with connect(tmp_path / "tmp") as con:
        assert breaking_changes(con, *contents) == lines


def test_a_column_is_withdrawn_and_its_code_not_named_twice(tmp_path):
    sex = {"sex": {"name": TEXT, "codelist": "sex"}}
    old = make_release(tmp_path / "1", dataset(dimensions=sex), [row(sex="F")])
    new = make_release(tmp_path / "2", dataset(), [row()], number=2)
    contents = (Content.of(each, registries()) for each in (old, new))
    with connect(tmp_path / "tmp") as con:
        assert breaking_changes(con, *contents) == ["column sex is withdrawn"]
