"""Open questions: found, listed, blocking the dataset, answered in the file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from model.declarations.questions import OpenQuestionsError
from model.declarations.yaml_edit import flow, with_item, with_value, without_comment, without_item
from model.declarations.yaml_file import YamlFile
from pipelines.cli.confirm.command import confirm
from tests.fixtures.commands import PROJECT, Result, openindicators
from tests.fixtures.projects import for_this_city

READY = """\
# What the rooms are
title: {vi: Số phòng, en: Hotel rooms}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_dst   # the department
licence: CC-BY-4.0
keywords: {vi: [khách sạn], en: [hotels]}
frequency: A
geography: {codelist: vn_province_2008, coverage: da_nang}
indicators:
  ROOMS: {name: {vi: Số phòng, en: Rooms}, unit: count, decimals: 0}
source:
  protocol: files
  files: [rooms.csv]
  columns:
    indicator: {const: ROOMS}
    ref_area: {column: area}
    time_period: {column: year}
    obs_value: {column: value, locale: plain}
"""
OPEN = READY.replace("da_nang_dst ", '"?" ').replace("en: Hotel rooms", 'en: "?"').replace(
    "{column: area}", "{column: area}   # unsure: two columns name areas"
) + """
questions:
  - field: publisher
    ask: Who publishes it?
    evidence: the file does not say
    candidates: [da_nang_dst, nso_viet_nam]
  # the second
  - field: title
    ask: What is it called?
"""


class Project:
    """A project of one dataset that is ready and one that is not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data_dir = folder / "project", folder / "data"
        for_this_city(self.folder)
        self.path = self.folder / "assets/tourism/rooms.yaml"
        self.path.parent.mkdir(parents=True)
        self.path.write_text(OPEN, encoding="utf-8")
        (self.path.parent / "beds.yaml").write_text(READY, encoding="utf-8")
        inbox = self.data_dir / "inbox"
        inbox.mkdir(parents=True)
        (inbox / "rooms.csv").write_text("area,year,value\n48,2022,120\n48,2023,134\n")

    def run(self, *arguments: str) -> Result:
        return openindicators(
            self.data_dir, *arguments, OPENINDICATORS_PROJECT=str(self.folder),
        )

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    return Project(tmp_path)


def test_check_lists_them_with_their_lines_and_no_error(project: Project) -> None:
    said = project.run("check")
    assert said.code == 0
    assert "1 valid declaration, 0 errors" in said.out
    assert "1 dataset not ready, 3 open questions" in said.out
    assert "rooms.yaml:2: title: What is it called?" in said.err
    assert "rooms.yaml:4: publisher: Who publishes it?" in said.err
    assert "rooms.yaml:16: source.columns.ref_area: two columns name areas" in said.err
    assert project.run("check", "--strict").code == 9
    listed = project.run("check", "--json").json
    assert [each["kind"] for each in listed] == ["open question"] * 3


def test_errors_beside_them_are_found(project: Project) -> None:
    project.path.write_text(OPEN.replace("unit: count", "unit: counts"), encoding="utf-8")
    said = project.run("check")
    assert said.code == 3 and "unknown unit 'counts'" in said.err


def test_the_dataset_is_refused_and_the_others_go_on(project: Project) -> None:
    said = project.run("run")
    assert said.code == 9
    assert "publisher: Who publishes it?" in said.err and "confirm tourism/rooms" in said.err
    assert (project.data_dir / "releases/tourism/beds/1").is_dir()
    assert not (project.data_dir / "releases/tourism/rooms").exists()
    assert project.run("run", "tourism/rooms").code == 9
    assert project.run("run", "tourism").code == 9
    assert "not ready" in project.run("list").err


def test_answers_are_written_and_recorded(project: Project) -> None:
    refused = project.run("confirm", "tourism/rooms", "--answer", "publisher=nobody")
    assert refused.code == 3 and "unknown publisher 'nobody'" in refused.err
    assert project.text == OPEN
    part = project.run("confirm", "tourism/rooms", "--answer", "publisher=da_nang_dst",
                       "--by", "Khuê")
    assert part.code == 9 and "title: What is it called?" in part.err
    assert "publisher: da_nang_dst   # the department" in project.text
    assert "  # the second" in project.text
    done = project.run("confirm", "tourism/rooms", "--answer", "title.en=Rooms", "--yes",
                       "--by", "Khuê")
    assert done.code == 0, done.out + done.err
    data = YamlFile.read(project.path).data
    assert "questions" not in data and "unsure" not in project.text
    assert [each["field"] for each in data["confirmed"]] == [
        "publisher", "title", "source.columns.ref_area",
    ]
    assert {each["by"] for each in data["confirmed"]} == {"Khuê"}
    assert project.text.startswith("# What the rooms are\ntitle: {vi: Số phòng, en: Rooms}\n")
    made = project.run("run", "tourism/rooms")
    assert made.code == 0, made.out + made.err


def test_what_has_no_proposal_is_not_accepted(project: Project) -> None:
    said = project.run("confirm", "tourism/rooms", "--yes")
    assert said.code == 9
    assert "2 open questions" in said.err and '"?"   # the department' in project.text


def test_nobody_asks_about_other_fields(project: Project) -> None:
    said = project.run("confirm", "tourism/rooms", "--answer", "publishr=x")
    assert said.code == 1 and "did you mean 'publisher'?" in said.err
    assert project.run("confirm", "tourism/none", "--yes").code == 1


def test_a_person_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # An id that is unknown, the second candidate, no title yet; then the rest.
    monkeypatch.setattr("sys.stdin", io.StringIO("-\nx\nnobody\n2\n\n"))
    assert confirm("tourism/rooms", [], False, "Khuê") == 9
    said = capsys.readouterr()
    assert "evidence: the file does not say" in said.out and "2  nso_viet_nam" in said.out
    assert "unknown publisher 'nobody'" in said.err
    assert "120" in said.out  # the rows
    monkeypatch.setattr("sys.stdin", io.StringIO("Phòng: khách sạn\nHotel rooms\n"))
    assert confirm("tourism/rooms", [], False, "Khuê") == 0
    data = YamlFile.read(project.path).data
    assert data["title"] == {"vi": "Phòng: khách sạn", "en": "Hotel rooms"}
    assert data["publisher"] == "nso_viet_nam"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    project.path.write_text(OPEN, encoding="utf-8")
    assert confirm("tourism/rooms", [], False, "Khuê") == 9


@pytest.mark.parametrize(("old", "new", "field"), [
    ("Số phòng, en: Hotel", "Số phòng (tên tiếng Việt), en: Hotel", "title.vi"),
    ("One row a year", "'What a row is, who collects it, what it is for.'", "description.en"),
    ("codelist: vn_province_2008", 'codelist: "?"', "geography.codelist"),
    ("coverage: da_nang", 'coverage: "?"', "geography.coverage"),
    ("unit: count", 'unit: "?"', "indicators.ROOMS.unit"),
    ("frequency: A", 'frequency: "?"', "frequency"),
    ("{column: year}", '{column: "?"}', "source.columns.time_period.column"),
    ("frequency: A", "frequency: A  # UNSURE", "frequency"),
])
def test_placeholders_and_comments_count(
    project: Project, old: str, new: str, field: str
) -> None:
    from model.declarations.load import load_declaration
    from model.reference.registries import load_registries
    from sources.connectors.registry import CONNECTORS

    project.path.write_text(READY.replace(old, new), encoding="utf-8")
    with pytest.raises(OpenQuestionsError) as raised:
        load_declaration(project.path, load_registries(PROJECT), CONNECTORS)
    assert [each.question.field for each in raised.value.questions] == [field]


@pytest.mark.parametrize("line", [
    'notes: {vi: "x # unsure: no", en: "Is it? Yes"}', "notes: {vi: '?!', en: '# unsure'}",
])
def test_texts_are_no_questions(project: Project, line: str) -> None:
    project.path.write_text(READY + line + "\n", encoding="utf-8")
    assert "2 valid declarations, 0 errors" in project.run("check").out


def test_edits_keep_everything_else() -> None:
    text = "a: 1  # one\nb: {ệ: 'x', y: [1, 2]} # two\nlist:\n- p: 1\n\n- p: 2 # last\n# end\n"
    assert with_value(text, ("b", "ệ"), "NO: 'x'") == text.replace("'x'", '"NO: \'x\'"')
    assert with_value("a:\nb: 1\n", ("a",), "A") == "a: A\nb: 1\n"
    assert without_item(text, "list", 0) == text.replace("- p: 1\n", "")
    once = without_item(text, "list", 0)
    assert without_item(once, "list", 0) == "a: 1  # one\nb: {ệ: 'x', y: [1, 2]} # two\n# end\n"
    assert with_item(text, "list", {"p": 3}) == text.replace("last\n", "last\n- {p: 3}\n")
    assert with_item("a: 1", "list", {"p": "x y"}) == 'a: 1\nlist:\n  - {p: "x y"}\n'
    assert without_comment("a: 1   # unsure: x\nb: 2\n", 1) == "a: 1\nb: 2\n"
    for value in ("true", "048", "NO", "a: b", "it's \"so\"\n", {"vi": "ệ"}, [1, 2.5, None]):
        assert YamlFile.parse(f"x: {flow(value)}", Path("x")).data == json.loads(
            json.dumps({"x": value}))
