"""`openindicators init`: write the project of another city."""

import json
import re
import uuid
from pathlib import Path
from string import Template
from typing import Annotated

import typer
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from model.declarations.questions import OPEN
from model.errors import OpenIndicatorsError
from model.records.reject_reasons import RejectError
from model.reference.city import FILE, LOCALES, city, open_city_error, use_project
from model.reference.codelist import CodeEntry
from model.reference.registries import Registries, load_registries
from model.util import languages
from model.util.disk import write_if_changed
from model.util.languages import CATALOGUE, OWN_LANGUAGES, catalogue_of
from model.util.text import LocalizedText, nfc, slug
from pipelines.cli.schema import write_schemas
from pipelines.cli.terminal import out, say_open
from pipelines.settings import Settings
from portal.rendering import texts

TEMPLATES = Path(__file__).resolve().parent / "template"
PROVINCES, COUNTRY, TIME_ZONE = "vn_province_2025", "VNM", "Asia/Ho_Chi_Minh"
EARLIER = ("vn_province_2004", "vn_province_2008")
# Where each template goes in the project.
WRITTEN = {
    "city.yaml": FILE,
    "publishers.yaml": "registry/publishers.yaml",
    "licences.yaml": "registry/licences.yaml",
    "places.yaml": "registry/places.yaml",
    "defaults.yaml": "assets/_defaults.yaml",
    "example.yaml": "assets/digital_government/internet_users.yaml",
    "example_suite.yaml": "expectations/digital_government/internet_users.yaml",
    "example.csv": "data/sample/inbox/internet_users.csv",
    "workspace.yaml": "workspace.yaml",
    "makefile.txt": "Makefile",
    "check.yml": ".github/workflows/check.yml",
    "dockerfile.txt": "Dockerfile",
    "gitignore.txt": ".gitignore",
    "dockerignore.txt": ".dockerignore",
    "readme.md": "README.md",
}
_SITE = LocalizedText(vi="{name}: dữ liệu mở", en="{name}: open data")
_LEAD = LocalizedText(
    vi="Số liệu về thành phố theo từng ngành, kèm nguồn, kết quả kiểm tra và mọi lần thay đổi. Ai"
    " cũng có thể tải về và dùng lại.",
    en="Figures about the city, sector by sector, with their source, their checks and every"
    " change. Anyone may download and reuse them.",
)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="new, or empty")],
    name: Annotated[str, typer.Option(help="the city's official name")],
    languages: Annotated[
        str, typer.Option(metavar="LIST", help="of all texts, the default first")
    ] = "vi,en",
) -> int:
    """Write a project into an empty `folder`, made if need be; list what a person must fill in.

    `name` is the city's official name in the first of the `languages`, whose codes have commas
    between.

    Raises:
        OpenIndicatorsError: the folder holds something, or a language is none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OpenIndicatorsError(
            "holds something already", where=str(folder),
            todo="name a folder that is empty or does not exist: nothing is overwritten",
        )
    codes = [code.strip() for code in languages.split(",")]
    if not all(re.fullmatch(r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?", code) for code in codes):
        raise OpenIndicatorsError(
            f"{languages!r} is no list of languages", todo="write their codes, e.g. vi,en,ko"
        )
    name = nfc(name).strip()
    registries = load_registries()
    area = _area(name, registries)
    values = _values(name, codes, area)
    values["place"] = _place(values, area, registries)
    for source, target in WRITTEN.items():
        text = (TEMPLATES / source).read_text(encoding="utf-8")
        write_if_changed(folder / target, Template(text).substitute(values))
    for code in codes:
        if code not in OWN_LANGUAGES:
            _write_catalogue(folder / LOCALES, code)
    use_project(folder)
    write_schemas(Settings(project=folder), load_registries(folder))
    out.print(f"{city().name.get(codes[0])}: a project is in {folder}")
    if asked := open_city_error():
        say_open(asked)
    out.print(f"Next         cd {folder} && openindicators check && openindicators run")
    return 0


def _place(values: dict[str, str], area: CodeEntry | None, registries: Registries) -> str:
    """Return the entry of the city among the places, with its code in each list that has its name.

    Without it no table of the city's departments could say what it is about.
    """
    if area is None:
        return "{}"
    name = area.name.get("vi")
    found = {each: _area(name, registries, each) for each in (*EARLIER, PROVINCES)}
    areas = {each: entry.code for each, entry in found.items() if entry is not None}
    lines = (f"{slug(area.name.get('en')).replace('-', '_')}:", f"  name: {values['name']}",
             f"  areas: {_flow(areas)}")
    return "\n".join(lines)


def _area(name: str, registries: Registries, codelist_id: str = PROVINCES) -> CodeEntry | None:
    """Return the province or city of Viet Nam of exactly this name, by one of the lists of them."""
    codelist = registries.codelists[codelist_id]
    try:
        return codelist.codes[codelist.find(name, nearest=False)]
    except RejectError:
        return None


def _values(name: str, codes: list[str], area: CodeEntry | None) -> dict[str, str]:
    """Return what fills the templates."""
    named = {codes[0]: name}
    for code in codes[1:]:
        named[code] = area.name.by_language.get(code, OPEN) if area else OPEN
    written = LocalizedText(**named)
    own = {code: code in OWN_LANGUAGES and named[code] != OPEN for code in codes}
    title = {
        code: _SITE.get(code).format(name=named[code]) if own[code] else OPEN for code in codes
    }
    lead = {code: _LEAD.get(code) if code in OWN_LANGUAGES else OPEN for code in codes}
    placed = f'{{codelist: {PROVINCES}, code: "{area.code}", within: [{COUNTRY}]}}' if area else ""
    return {
        "city": name,
        "name": _flow(named),
        "languages": ", ".join(codes),
        "area": placed or json.dumps(OPEN),
        "time_zone": TIME_ZONE if area else json.dumps(OPEN),
        "namespace": str(uuid.uuid4()),
        "prefix": slug(written.get("en") if named.get("en") != OPEN else name) + "-",
        "title": _flow(title),
        "lead": _flow(lead),
        **_example_texts(codes),
    }


def _example_texts(codes: list[str]) -> dict[str, str]:
    """Return the texts of the example; in languages that the product does not speak, in English."""
    example = {
        "example_title": LocalizedText(vi="Tỷ lệ người sử dụng Internet", en="Internet users"),
        "example_description": LocalizedText(
            vi="Ví dụ: tỷ lệ dân số Việt Nam sử dụng Internet, theo Ngân hàng Thế giới.",
            en="An example: the share of people in Viet Nam who use the Internet, from the World"
            " Bank.",
        ),
        "example_keyword": LocalizedText(vi="Internet", en="Internet"),
        "example_coverage": LocalizedText(vi="Việt Nam", en="Viet Nam"),
    }
    found = {}
    for field, text in example.items():
        each = {code: text.get(code) for code in codes}
        is_list = field == "example_keyword"
        found[field] = _flow({code: [word] for code, word in each.items()} if is_list else each)
    return found


def _flow(value: dict[str, str] | dict[str, list[str]]) -> str:
    """Return a mapping as YAML in one line: JSON without quotes around its keys."""
    items = (f"{key}: {json.dumps(each, ensure_ascii=False)}" for key, each in value.items())
    return "{" + ", ".join(items) + "}"


def _write_catalogue(folder: Path, language: str) -> None:
    """Write the catalogue of a language with every text of the portal, none translated."""
    catalogue = Catalog(locale=language.replace("-", "_"), domain=CATALOGUE, fuzzy=False)
    for ours in (texts.LOCALES, languages.LOCALES):
        for message in catalogue_of(ours, OWN_LANGUAGES[0]) or ():
            if message.id:
                catalogue.add(message.id)
    path = folder / language / "LC_MESSAGES" / f"{CATALOGUE}.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100)
