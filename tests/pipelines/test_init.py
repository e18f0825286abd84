"""`openindicators init`: a project that runs at once, and one in a third language."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from model.reference.registries import load_registries
from tests.fixtures.commands import PROJECT, Result, openindicators

EXAMPLE = "digital_government/internet_users"
GEOGRAPHY = "geography: {codelist: country, coverage: huee}"
KOREAN = {
    "Catalogue": "목록", "Quality": "품질", "Indicator": "지표",
    "Find a dataset, an indicator or a place": "데이터 찾기",
    "Read this page in English": "이 페이지를 한국어로 읽기", "Value": "값",
}


def run(project: Path, *arguments: str) -> Result:
    return openindicators(
        project / "data" / "sample", *arguments, OPENINDICATORS_PROJECT=str(project)
    )


def done(result: Result, code: int = 0) -> str:
    assert result.code == code, result.out + result.err
    return result.out + result.err


@pytest.fixture(scope="module")
def hue(tmp_path_factory) -> Path:
    project = tmp_path_factory.mktemp("init") / "hue"
    said = done(run(project, "init", str(project), "--name", "Thành phố Huế"))
    assert "publisher: " in said and "contact: " in said
    return project


def test_it_runs_at_once_and_says_what_is_open(hue: Path) -> None:
    assert "1 valid declaration, 0 errors" in done(run(hue, "check"))
    assert "city.yaml: 2 open questions" in done(run(hue, "check", "--strict"), code=9)
    [row] = json.loads(done(run(hue, "run", "--json")))
    assert (row["dataset"], row["release"], row["rows"]) == (EXAMPLE, 1, 25)
    assert (hue / "data/sample/site/vi" / f"{EXAMPLE}.html").is_file()


def test_nothing_goes_to_a_shared_portal_before_it_is_answered(hue: Path) -> None:
    environment = {"OPENINDICATORS_CKAN_URL": "https://data.example.org",
                   "OPENINDICATORS_CKAN_TOKEN": "x", "OPENINDICATORS_PROJECT": str(hue)}
    said = openindicators(hue / "data" / "sample", "publish", **environment)
    assert said.code == 9 and "city.yaml" in said.err and "publisher" in said.err


def test_its_definitions_load(hue: Path) -> None:
    program = (
        "from pipelines.definitions import defs\n"
        "print(sorted(key.to_user_string() for key in"
        " defs.resolve_asset_graph().get_all_asset_keys()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=hue, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", "HOME": str(hue)},
    )
    assert f"{EXAMPLE}/release" in found.stdout
    assert "module_name: pipelines.definitions" in (hue / "workspace.yaml").read_text()


def test_what_it_writes_knows_no_other_city(hue: Path) -> None:
    for path in [hue / "city.yaml", *hue.glob("*/*.yaml"), hue / "README.md", hue / "Dockerfile"]:
        assert not re.search(r"da.?nang|đà nẵng", path.read_text(encoding="utf-8"), re.IGNORECASE)


def test_two_projects_have_different_identifiers(hue: Path, tmp_path: Path) -> None:
    done(run(tmp_path / "b", "init", str(tmp_path / "b"), "--name", "Thành phố Huế"))
    found = {
        re.search(r"^namespace: (\S+)$", (each / "city.yaml").read_text(), re.MULTILINE)[1]
        for each in (hue, tmp_path / "b")
    }
    assert len(found) == 2


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    said = done(run(tmp_path, "init", str(tmp_path), "--name", "Huế"), code=1)
    assert "holds something already" in said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_city_that_is_no_province_of_viet_nam_is_not_guessed(tmp_path: Path) -> None:
    said = done(run(tmp_path / "x", "init", str(tmp_path / "x"), "--name", "Springfield"))
    for field in ("name.en", "area", "time_zone", "publisher"):
        assert f"{field}: write it" in said
    assert done(run(tmp_path / "x", "run", "--json"))


@pytest.fixture(scope="module")
def korean(tmp_path_factory) -> Path:
    """A project in three languages, a few of its texts translated, after a run."""
    project = tmp_path_factory.mktemp("korean") / "hue"
    said = done(run(
        project, "init", str(project), "--name", "Thành phố Huế", "--languages", "vi,en,ko"
    ))
    assert "name.ko: write it" in said and "site.title.ko: write it" in said
    city = project / "city.yaml"
    text = city.read_text(encoding="utf-8").replace('ko: "?"', "ko: 후에", 1)
    city.write_text(text.replace('ko: "?"', "ko: 후에 열린 데이터"), encoding="utf-8")
    catalogue = project / "locale/ko/LC_MESSAGES/openindicators.po"
    with catalogue.open("rb") as file:
        texts = read_po(file, locale="ko")
    for english, translated in KOREAN.items():
        texts[english].string = translated
    with catalogue.open("wb") as file:
        write_po(file, texts)
    declared = project / f"assets/{EXAMPLE}.yaml"
    said = declared.read_text(encoding="utf-8")
    declared.write_text(said.replace('ko: "Internet users"', "ko: 인터넷 이용자"), encoding="utf-8")
    done(run(project, "run"))
    return project / "data/sample/site"


def test_a_third_language_is_a_catalogue_of_the_project(korean: Path) -> None:
    page = (korean / "ko/index.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page and "후에 열린 데이터" in page and ">목록</a>" in page
    assert "인터넷 이용자" in page and "데이터 찾기" in page
    assert "Figures about the city" not in page  # its own text was given
    assert "Every figure here comes from a release that never changes" in page  # not translated
    dataset = (korean / f"ko/{EXAMPLE}.html").read_text(encoding="utf-8")
    assert "인터넷 이용자" in dataset and "World Bank" in dataset


def test_every_page_leads_to_the_two_other_languages(korean: Path) -> None:
    names = {"vi": "Tiếng Việt", "en": "English", "ko": "한국어"}
    for language in names:
        page = (korean / language / f"{EXAMPLE}.html").read_text(encoding="utf-8")
        others = re.findall(r'<a class="language".*?hreflang="(\w+)".*?>(\S.*?)</a>', page)
        assert dict(others) == {code: name for code, name in names.items() if code != language}
        # Search engines want absolute addresses: there are none before the site has its own.
        assert not re.findall(r'rel="alternate" hreflang', page)
    landing = (korean / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'hreflang="(\w+)"', landing) == ["vi", "en", "ko"]


def test_every_file_has_the_third_language(korean: Path) -> None:
    folder = korean / "datasets" / EXAMPLE
    header = (folder / "internet_users-dictionary.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header[0].split(",")[4:] == [
        f"{kind}_{code}" for kind in ("name", "description") for code in ("vi", "en", "ko")
    ]
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert described["title_ko"] == "인터넷 이용자" and described["title_en"] == "Internet users"
    dcat = (folder / "dcat.jsonld").read_text(encoding="utf-8")
    assert "authority/language/KOR" in dcat and '"@language": "ko"' in dcat
    assert (korean / "ko/failures.atom").is_file()


def test_the_city_is_a_place_that_datasets_may_cover(hue: Path) -> None:
    place = load_registries(hue).places["hue"]
    assert place.areas == dict.fromkeys(
        ("vn_province_2004", "vn_province_2008", "vn_province_2025"), "46")
    declaration = hue / "assets" / EXAMPLE.partition("/")[0] / "copy.yaml"
    example = (hue / "assets" / f"{EXAMPLE}.yaml").read_text(encoding="utf-8")
    declaration.write_text(re.sub(r"(?m)^geography:.*$", GEOGRAPHY, example, count=1),
                           encoding="utf-8")
    said = run(hue, "check")
    declaration.unlink()
    assert "unknown place 'huee'" in said.err and "registry/places.yaml" in said.err
