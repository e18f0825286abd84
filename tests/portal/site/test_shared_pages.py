"""Pages across datasets: figures of places, places and their borders, indicators, what is made."""

from __future__ import annotations

import gc
import json
import re
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest

from model.errors import OpenIndicatorsError, PortalError
from model.reference.registries import SimilarPlaces
from model.util.disk import write_if_changed
from portal.content import Content, _engine
from portal.site.shared_pages import figures, place_pages
from portal.site.shared_pages.figures import Listed
from portal.site.shared_pages.places import CITY_PAGE, Gazetteer
from portal.site.site import Site
from portal.site_folder.state import (
    CatalogueState,
    DatasetState,
    all_datasets,
    intact_datasets,
    read_intact,
    read_state,
)
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import Row, make_release, row

OLD, NEW = "VN:2008-08-01", "VN:2025-07-01"
SEX = {"name": {"vi": "Giới tính", "en": "Sex"}, "codelist": "sex"}
HOSTILE = "</script><img src=x onerror=alert(1)>"


def written(tmp_path: Path, rows: list[Row], **changes: Any) -> figures.Figures:
    """Write the figures of a release with some rows, and read them."""
    content = Content.of(make_release(tmp_path / "r", dataset(**changes), rows), registries())
    return figures.read(tmp_path, figures.write(content, tmp_path))


def test_a_series_has_its_gaps_and_its_rank(tmp_path: Path) -> None:
    rows = [row(ref_area=area, time_period=str(year), obs_value=float(year - at))
            for at, area in enumerate(("01", "46", "48", "79", "92"))
            for year in (2018, 2019, 2022) if (area, year) != ("48", 2022)]
    known = written(tmp_path, [*rows, row(ref_area="VNM", time_period="2019", obs_value=9e9)])
    [city] = known.series("48", OLD)
    assert (city.periods, city.rank, city.of) == (["2018", "2019"], 3, 5)
    [hanoi] = known.series("01", OLD)
    assert hanoi.with_gaps == [2018.0, 2019.0, None, 2022.0]
    assert (hanoi.rank, hanoi.of) == (0, 0), "four areas of 2022 make no ranking"
    assert hanoi.value_in("2019") == 2019.0 and hanoi.value_in("2020") is None
    [country] = known.series("VNM", OLD)
    assert country.of == 0, "the country is ranked with none of its areas"


def test_the_year_to_date_of_ten_months_is_newer_than_that_of_nine(tmp_path: Path) -> None:
    months = [row(freq="YTD", time_period=f"2020-01-01/P{month}M", obs_value=float(month))
              for month in (10, 9, 2)]
    [series] = written(tmp_path, months, frequency="YTD").series("48", OLD)
    assert series.values == [2.0, 9.0, 10.0]


def test_a_total_stands_for_a_dimension_and_without_one_each_code_does(tmp_path: Path) -> None:
    rows = [row(indicator=indicator, sex=sex)
            for indicator, sexes in (("ROOMS", ("F", "M", "_T")), ("BEDS", ("F", "M")))
            for sex in sexes]
    both = {code: dataset().indicators["ROOMS"].model_dump() for code in ("ROOMS", "BEDS")}
    known = written(tmp_path, rows, dimensions={"sex": SEX}, indicators=both)
    assert [(each.indicator, each.breakdown and each.breakdown["en"]) for each in known.measures] \
        == [("ROOMS", None), ("BEDS", "Female"), ("BEDS", "Male")]


def test_a_large_table_is_looked_at_by_indicators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [f"I{n}" for n in range(7)]
    rows = [
        row(indicator=code, ref_area=area, time_period=str(year), obs_value=float(n))
        for n, code in enumerate(codes) for area in ("48", "01") for year in range(2010, 2020)
        if (n + year) % 3
    ]
    same = dict.fromkeys(codes, dataset().indicators["ROOMS"].model_dump())
    content = Content.of(
        make_release(tmp_path / "r", dataset(indicators=same), rows), registries()
    )
    whole = figures.write(content, tmp_path)
    for rows in (0, 5, 9):
        monkeypatch.setattr(figures, "ROWS_AT_ONCE", rows)
        assert figures.write(content, tmp_path) == whole


def test_too_little_memory_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENINDICATORS_MEMORY_LIMIT", "4MB")
    monkeypatch.setattr("portal.content.ROW_GROUP", 0)  # an engine of bounded memory
    content = Content.of(make_release(tmp_path / "r", dataset(), [row()]), registries())
    _engine.cache_clear()
    with pytest.raises(OpenIndicatorsError, match="not enough memory") as caught:
        content.query("SELECT list(range) FROM t, range(10000000)")
    _engine.cache_clear()
    assert "OPENINDICATORS_MEMORY_LIMIT" in caught.value.todo


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / figures.FILE).write_text('{"measures": [], "periods": []}')
    with pytest.raises(PortalError, match="(?s)not what was written.*publish the dataset again"):
        figures.read(tmp_path, "0" * 64)
    with pytest.raises(PortalError, match="(?s)an earlier version.*publish --to site"):
        read_intact(tmp_path / "dcat.ttl", None)


def listed(tmp_path: Path, rows: list[Row], **changes: Any) -> list[Listed]:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "release", dataset(**changes), rows)])
    return [
        Listed(state, "", figures.read(site.folder / "datasets" / state.dataset,
                                       checksums[figures.FILE]))
        for state, checksums in intact_datasets(site.folder)
    ]


def test_figures_within_other_borders_stand_apart_unless_the_area_is_the_same(
    tmp_path: Path,
) -> None:
    rows = [row(ref_area=area, geo_vintage=vintage, time_period=year)
            for area in ("48", "01", "49") for vintage, year in ((OLD, "2020"), (NEW, "2025"))
            if (area, vintage) != ("49", NEW)]
    known = Gazetteer(listed(tmp_path, rows), registries())
    by_page = {page: [*place.lines] for page, place in known.places.items()}
    assert by_page == {
        CITY_PAGE: [OLD, NEW], "places/vn/49": [OLD], "places/vn/01": [OLD],
    }, "Ha Noi is the same before and since"
    [city] = known.changes(known.places[CITY_PAGE])
    assert city.formed and [each.code for each in city.others] == ["48", "49"]
    [former] = known.changes(known.places["places/vn/49"])
    assert not former.formed and [each.code for each in former.others] == ["48"]
    assert known.changes(known.places["places/vn/01"]) == []


def test_the_city_has_its_94_units_with_what_they_were_made_of(tmp_path: Path) -> None:
    known = Gazetteer(listed(tmp_path, [row()]), registries())
    within = {entry.code: before for entry, _, before in known.within(known.places[CITY_PAGE])}
    assert len(within) == 94
    # Hoa Lien went to two of the new units (Resolution 1659/NQ-UBTVQH15).
    went = [code for code, before in within.items()
            if any("Hoa Lien" in each.name.get("en") for each in before)]
    assert len(went) == 2


def test_similar_places_are_the_nearest_by_the_declared_figures(tmp_path: Path) -> None:
    values = {"48": 10.0, "01": 12.0, "79": 1000.0, "92": 9.5, "46": 11.0, "31": 500.0, "22": 400.0}
    rows = [row(ref_area=area, obs_value=value) for area, value in values.items()]
    declared = SimilarPlaces(id="vn_province_2008", by={"tourism/hotel_rooms": "ROOMS"})
    known = Gazetteer(
        listed(tmp_path, rows),
        registries().model_copy(update={"similar_places": {declared.id: declared}}),
    )
    assert known.similar(declared.id, "48") == ["92", "46", "01", "22"]
    assert known.similar(declared.id, "02") == [], "nothing is known of it"


def text_of(path: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")))


def test_measures_of_one_code_that_differ_are_two_and_the_difference_is_said(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path / "site", registries())
    rooms = dataset().indicators["ROOMS"].model_dump()
    years = [row(time_period=str(year), obs_value=float(year)) for year in range(2015, 2021)]
    other = {**rooms, "unit": "persons", "definition": {"vi": "Khác", "en": "Another count"}}
    site.apply([make_release(tmp_path / "1", dataset(), years)])
    site.apply([make_release(tmp_path / "2", dataset(name="same"), years[:4])])
    site.apply([make_release(tmp_path / "3", dataset(name="other", indicators={"ROOMS": other}),
                             [row(unit_measure="persons")])])
    page = site.folder / "en/indicators/ROOMS.html"
    assert page.read_text(encoding="utf-8").count('<div class="block" id="measure-') == 2
    assert "Other than above: the definition, the unit." in text_of(page)
    assert "Another count" in text_of(page)


@pytest.mark.parametrize("page", [
    "city.html", "indicators/ROOMS.html", "indicators.html", "places.html", "tourism/index.html",
])
def test_hostile_names_are_text(tmp_path: Path, page: str) -> None:
    name = {"vi": HOSTILE, "en": HOSTILE}
    rooms = {**dataset().indicators["ROOMS"].model_dump(), "name": name, "definition": name}
    site = Site(tmp_path / "site", registries())
    hostile = dataset(title=name, description=name, indicators={"ROOMS": rooms}, notes=name)
    years = [row(time_period=str(year)) for year in range(2015, 2021)]
    site.apply([make_release(tmp_path / "1", hostile, years)])
    for language in ("vi", "en"):
        html = (site.folder / language / page).read_text(encoding="utf-8")
        assert "<img src=x" not in html
    index = (site.folder / "vi/search-index.js").read_text(encoding="utf-8")
    assert json.loads(index.removeprefix("searchIndex(").removesuffix(");\n"))["datasets"]["title"]


def test_only_pages_whose_inputs_changed_are_made_again(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    cities = [row(ref_area=area, time_period="2020") for area in ("48", "01")]
    towns = [row(indicator="BEDS", ref_area=area, time_period="2020") for area in ("79", "92")]
    beds = {"BEDS": dataset().indicators["ROOMS"].model_dump()}
    first = make_release(tmp_path / "1", dataset(), cities)
    site.apply([first])
    site.apply([make_release(tmp_path / "2", dataset(sector="health", indicators=beds), towns)])
    places = site.folder / "vi"
    before = {path: path.stat().st_mtime_ns for path in places.rglob("*.html")}
    revised = [*cities[:1], row(ref_area="01", time_period="2020", obs_value=5.0)]
    site.apply([first, make_release(tmp_path / "3", dataset(), revised, number=2)])
    changed = {
        path.relative_to(places).as_posix() for path, at in before.items()
        if path.stat().st_mtime_ns != at
    }
    assert {"places/vn/01.html", "tourism/index.html"} <= changed
    assert not changed & {
        "city.html", "places/vn/79.html", "places/vn/92.html", "indicators/BEDS.html",
        "health/index.html", "places.html",
    }


def test_after_a_release_all_is_as_made_from_nothing_and_other_tables_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site(tmp_path / "site", registries(), base_url="https://data.example/")
    rows = [row(ref_area=area, time_period=year, obs_value=float(at))
            for at, area in enumerate(("48", "01", "46")) for year in ("2018", "2019")]
    first = make_release(tmp_path / "1", dataset(), rows)
    site.apply([first])
    site.apply([make_release(tmp_path / "other", dataset(name="other"), rows)])
    made: list[str] = []
    rows_of = place_pages._Part.rows

    def noted(part: Any, line: Any) -> Any:
        made.append(line.listed.state.name)
        return rows_of(part, line)

    monkeypatch.setattr(place_pages._Part, "rows", noted)
    newer = [*rows[:-1], row(ref_area="46", time_period="2019", obs_value=99.0)]
    site.apply([first, make_release(tmp_path / "2", dataset(), newer, number=2)])
    assert made == ["hotel_rooms"], "one place of one dataset, in both languages"
    assert "99" in text_of(site.folder / "vi/places/vn/46.html")
    former = [row(ref_area="49", geo_vintage=OLD, time_period="2020")]
    site.apply([make_release(tmp_path / "3", dataset(name="former"), former)])
    assert "places/vn/49.html" in (site.folder / "vi/city.html").read_text(), "now it has a page"
    new = Site(tmp_path / "new", registries(), base_url="https://data.example/")
    shutil.copytree(site.folder / "datasets", new.folder / "datasets")
    new.write_shared()
    shown = read_state(CatalogueState, new.folder / "catalogue.json")
    assert shown and len(shown.pages) > 60
    for path in ("catalogue.json", *shown.pages):
        assert (new.folder / path).read_bytes() == (site.folder / path).read_bytes(), path


def test_what_a_dataset_says_of_itself_is_believed_by_its_checksum(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "1", dataset(), [row()])])
    history = [make_release(tmp_path / "2", dataset(name="other"), [row()])]
    for name in ("dcat.jsonld", "dcat.ttl", figures.FILE):
        path = site.folder / "datasets/tourism/hotel_rooms" / name
        before = path.read_bytes()
        path.write_bytes(before.replace(b"1", b"2", 1))
        with pytest.raises(PortalError, match=f"{name}: the file cannot be read"):
            site.apply(history)
        path.write_bytes(before)
    summary = site.folder / "datasets/tourism/hotel_rooms/dataset.json"
    summary.write_bytes(summary.read_bytes().replace(b'"rows": 1', b'"rows": 7'))
    assert [state.name for state in all_datasets(site.folder)] == ["other"]


def test_a_process_keeps_no_state_of_a_dataset_but_the_newest(tmp_path: Path) -> None:
    site, history, seen = Site(tmp_path / "site", registries()), [], []
    file = site.folder / "datasets/tourism/hotel_rooms/dataset.json"
    for number in (1, 2, 3):
        history.append(make_release(tmp_path / str(number), dataset(), [row()], number=number))
        site.apply(history)
        state = read_state(DatasetState, file)
        assert state is not None and state.release == number
        assert read_state(DatasetState, file) is state  # parsed once
        seen.append(weakref.ref(state))
    del state
    gc.collect()
    assert [each() is not None for each in seen] == [False, False, True]


def test_pages_of_what_is_gone_go(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "1", dataset(), [row(ref_area="79")])])
    page = site.folder / "vi/places/vn/79.html"
    assert page.exists()
    site.remove(dataset().id)
    assert not page.exists()


def test_a_page_that_a_killed_run_made_goes_with_its_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(tmp_path / "1", dataset(), [row(ref_area="48")])])
    page, write = site.folder / "vi/places/vn/79.html", write_if_changed

    def killed(path: Path, *args: Any, **named: Any) -> bool:
        done = write(path, *args, **named)
        if path == page:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr("portal.site.site.write_if_changed", killed)
    other = dataset(name="other")
    with pytest.raises(KeyboardInterrupt):
        site.apply([make_release(tmp_path / "2", other, [row(ref_area="79")])])
    monkeypatch.undo()
    assert page.exists()
    site = Site(tmp_path / "site", registries())
    site.remove(other.id)
    assert not page.exists()


def test_a_sector_is_led_by_a_figure_that_goes_on_and_old_borders_are_named(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path / "site", registries())
    leads, why = {"indicator": "ROOMS", "leads_sector": True}, {"vi": "Hết", "en": "No more"}

    def headline() -> str:
        page = (site.folder / "en/index.html").read_text(encoding="utf-8")
        return page.split('class="headlines"')[1].split("</ul>")[0]

    site.apply([make_release(tmp_path / "1", dataset(chart=leads, ended=why), [row()])])
    assert "tourism/hotel_rooms.html" in headline()
    assert "series ended" in headline() and "borders before 1 July 2025" in headline()
    for name, vintage in (("since", NEW), ("before", OLD)):
        rows = [row(time_period="2025", geo_vintage=vintage)]
        site.apply([make_release(tmp_path / name, dataset(name=name), rows)])
    assert "tourism/since.html" in headline()
    assert "series ended" not in headline() and "borders before" not in headline()


def test_what_a_publisher_gives_out_year_by_year_is_one_line(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    both = dict.fromkeys(("ROOMS", "BEDS"), dataset().indicators["ROOMS"].model_dump())
    for year in range(2010, 2020):
        rows = [row(time_period=str(year), obs_value=float(year))]
        rows += [row(indicator="BEDS")] if year == 2019 else []
        declared = dataset(name=f"of_{year}", indicators=both)
        site.apply([make_release(tmp_path / str(year), declared, rows)])
    page = (site.folder / "en/indicators/ROOMS.html").read_text(encoding="utf-8")
    legend = page.split('<ul class="legend">')[1].split("</ul>")[0]
    assert legend.count("<li") == 1 and legend.count("Da Nang") == 1
    assert "2010" in page and "2019" in page
    assert text_of(site.folder / "en/indicators/BEDS.html").count("Hotel rooms") == \
        text_of(site.folder / "en/indicators/ROOMS.html").count("Hotel rooms") / 10
    described = (site.folder / "en/tourism/of_2010.html").read_text(encoding="utf-8")
    assert "indicators/ROOMS.html" in described and "indicators/BEDS.html" not in described
    assert "`BEDS`" not in (site.folder / "en/tourism/of_2010.md").read_text(encoding="utf-8")
    home = (site.folder / "en/index.html").read_text(encoding="utf-8")
    assert "<dt>indicators</dt><dd>2</dd>" in home, "each counts once, however many datasets"
    script = (site.folder / "en/search-index.js").read_text(encoding="utf-8")
    found = json.loads(script.removeprefix("searchIndex(").rstrip(");\n"))
    assert [len(each) for each in found["datasets"]["indicators"]] == [1] * 9 + [2]


def test_two_editions_of_a_publisher_are_told_apart_and_the_old_one_is_marked(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path / "site", registries())
    for name, years, more in (
        ("edition_2019", (2010, 2016), {"ended": {"vi": "Hết", "en": "No more"}}),
        ("edition_2026", (2012, 2020), {}),
    ):
        rows = [row(time_period=str(year), obs_value=1.0) for year in range(*years)]
        site.apply([make_release(tmp_path / name, dataset(name=name, **more), rows)])
    page = (site.folder / "en/indicators/ROOMS.html").read_text(encoding="utf-8")
    legend = page.split('<ul class="legend">')[1].split("</ul>")[0]
    assert re.findall(r"Da Nang[^<]*", legend) == ["Da Nang, 2012 – 2019", "Da Nang, 2010 – 2015"]
    city = text_of(site.folder / "en/city.html")
    assert city.count("series ended") == 1
    listed = (site.folder / "llms.txt").read_text(encoding="utf-8")
    assert re.findall(r"md\): (20.. – 20..)\.", listed) == ["2010 – 2015", "2012 – 2019"]
