"""The site as a person meets it: in a real browser, served as `make serve` serves it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from model.util.hashing import sha256_file
from portal.distributions.registry import DISTRIBUTIONS
from portal.site.site import Site
from portal.vocabulary import KINDS
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served

pytestmark = pytest.mark.browser

ROOMS = {"name": {"vi": "Số phòng", "en": "Rooms"}, "unit": "count", "decimals": 0}
BEDS = {"name": {"vi": "Số giường", "en": "Beds"}, "unit": "count", "decimals": 0}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder / "site", registries())
    rows = [
        row(indicator=code, ref_area=area, time_period=str(year), obs_value=float(year))
        for code in ("ROOMS", "BEDS") for area in ("48", "01") for year in range(2015, 2024)
    ]
    tourism = dataset(
        title={"vi": "Khách du lịch đến Đà Nẵng", "en": "Visitors to Da Nang"},
        indicators={"ROOMS": ROOMS, "BEDS": BEDS},
    )
    health = dataset(
        sector="health", name="beds", title={"vi": "Giường bệnh", "en": "Hospital beds"},
        keywords={"vi": ["y tế"], "en": ["health"]},
    )
    site.apply([make_release(folder / "tourism", tourism, rows)])
    site.apply([make_release(folder / "health", health, rows[:9])])
    with served(site.folder) as address:
        yield address


@pytest.fixture(autouse=True)
def console_stays_empty(browser: webdriver.Chrome) -> Iterator[None]:
    """No error in the console, nothing blocked by the security policy."""
    yield
    assert browser.get_log("browser") == []


def titles(browser: webdriver.Chrome, kind: str = "dataset") -> list[str]:
    """Return the titles of the cards of a kind that are shown, best first."""
    tags = [KINDS[kind].get("vi"), KINDS[kind].get("en")]
    shown: list[str] = browser.execute_script("""
        const found = document.querySelector("#results:not([hidden])");
        const cards = [...(found || document).querySelectorAll(".card")];
        return cards.filter((card) => card.checkVisibility())
          .filter((card) => !found || arguments[0].includes(card.querySelector(".tag").textContent))
          .map((card) => card.querySelector("h3").innerText);
        """, tags)
    return shown


def test_the_landing_page_leads_to_vietnamese(browser: webdriver.Chrome, address: str) -> None:
    browser.get(address + "/")
    WebDriverWait(browser, 10).until(lambda b: b.current_url == f"{address}/vi/index.html")
    # The address changes before the page behind it is there.
    title = WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.TAG_NAME, "h1"))[0]
    assert title.text == "Dữ liệu mở Đà Nẵng"


def found(browser: webdriver.Chrome, typed: str) -> list[str]:
    """Type a query and return the titles that the search finds, best first."""
    field = browser.find_element(By.ID, "q")
    field.clear()
    field.send_keys(typed)
    WebDriverWait(browser, 10).until(
        lambda b: b.find_element(By.ID, "search-result").text
        and b.find_element(By.ID, "results").get_attribute("aria-busy") != "true"
    )
    assert not browser.find_element(By.ID, "catalogue").is_displayed()
    return titles(browser)


@pytest.mark.parametrize("typed", ["du lich", "DU LỊCH", "da nang  khach", "visitors", "visitros"])
def test_search_needs_no_diacritics_and_forgives_a_slip(
    browser: webdriver.Chrome, address: str, typed: str
) -> None:
    browser.get(f"{address}/vi/index.html")
    assert len(titles(browser)) == 2
    assert found(browser, typed) == ["Khách du lịch đến Đà Nẵng"]
    browser.find_element(By.ID, "q").send_keys(Keys.CONTROL, "a")
    browser.find_element(By.ID, "q").send_keys(Keys.DELETE)
    assert len(titles(browser)) == 2, "without a query the whole catalogue is back"


def test_marks_that_were_typed_count(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/vi/index.html")
    both = ["Giường bệnh", "Khách du lịch đến Đà Nẵng"]  # a title ranks above an indicator
    assert found(browser, "giuong") == both
    assert found(browser, "giường") == both
    field = browser.find_element(By.ID, "q")
    field.clear()
    field.send_keys("giướng bệnh")  # another word
    WebDriverWait(browser, 10).until(
        lambda b: "gần nhất" in b.find_element(By.ID, "search-result").text
    )


@pytest.mark.parametrize(("typed", "title"), [
    ("tourists", "Khách du lịch đến Đà Nẵng"),  # a synonym of visitors
    ("hospital beds", "Giường bệnh"),
    ("Số giường", "Khách du lịch đến Đà Nẵng"),  # an indicator's name
    ("hà nội phòng", "Khách du lịch đến Đà Nẵng"),  # a place with figures
])
def test_search_knows_synonyms_indicators_and_places(
    browser: webdriver.Chrome, address: str, typed: str, title: str
) -> None:
    browser.get(f"{address}/vi/index.html")
    assert found(browser, typed)[0] == title


@pytest.mark.parametrize(("language", "typed", "kind", "first"), [
    ("vi", "đà nẵng", "place", "Đà Nẵng"), ("en", "Đà Nẵng", "place", "Da Nang"),
    ("vi", "hải châu", "place", "Phường Hải Châu, Đà Nẵng"), ("en", "ha noi", "place", "Ha Noi"),
    ("vi", "số phòng", "indicator", "Số phòng"), ("en", "beds", "indicator", "Beds"),
])
def test_search_finds_places_and_indicators_first_when_they_are_named(
    browser: webdriver.Chrome, address: str, language: str, typed: str, kind: str, first: str
) -> None:
    browser.get(f"{address}/{language}/index.html")
    found(browser, typed)
    assert titles(browser, kind)[0] == first
    card = browser.find_element(By.CSS_SELECTOR, "#results .card")
    assert card.find_element(By.TAG_NAME, "h3").text == first
    card.find_element(By.TAG_NAME, "a").click()
    heading = WebDriverWait(browser, 10).until(lambda b: b.find_element(By.TAG_NAME, "h1").text)
    assert heading in (first, "Đà Nẵng"), "a commune without figures is on its city's page"


@pytest.mark.parametrize(("language", "said"), [
    ("vi", "Từ ngày 01/07/2025, Đà Nẵng gồm địa bàn trước đây của: Đà Nẵng, Quảng Nam."),
    ("en", "Since 1 July 2025, Da Nang is made of the former: Da Nang, Quang Nam."),
])
def test_a_place_says_when_its_borders_changed(
    browser: webdriver.Chrome, address: str, language: str, said: str
) -> None:
    browser.get(f"{address}/{language}/places.html")
    found(browser, "hà nội")
    assert titles(browser, "place") == titles(browser, "place")[:1]
    browser.get(f"{address}/{language}/city.html")
    notices = [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".notice")]
    assert [text.startswith(said) for text in notices] == [True]


def test_part_of_a_word_is_not_a_word(browser: webdriver.Chrome, address: str) -> None:
    """"itors" is no word of "visitors", as "road" is none of "abroad"."""
    browser.get(f"{address}/en/index.html?q=itor")
    WebDriverWait(browser, 10).until(lambda b: b.find_element(By.ID, "search-result").text)
    assert titles(browser) == []


def test_a_search_is_an_address_and_can_be_narrowed(
    browser: webdriver.Chrome, address: str
) -> None:
    browser.get(f"{address}/vi/index.html?sector=health")
    WebDriverWait(browser, 10).until(lambda b: titles(b) == ["Giường bệnh"])
    facets = browser.find_element(By.CSS_SELECTOR, ".facets")
    assert facets.get_attribute("open"), "facets of the address are shown"
    Select(browser.find_element(By.NAME, "sector")).select_by_value("tourism")
    assert titles(browser) == ["Khách du lịch đến Đà Nẵng"]
    assert browser.current_url.endswith("?sector=tourism")
    browser.find_element(By.NAME, "from").send_keys("2024", Keys.TAB)
    WebDriverWait(browser, 10).until(lambda b: titles(b) == [])


def test_a_search_can_be_narrowed_to_an_area_and_a_kind(
    browser: webdriver.Chrome, address: str
) -> None:
    browser.get(f"{address}/vi/index.html?area=Hà Nội")
    WebDriverWait(browser, 10).until(lambda b: titles(b) == ["Khách du lịch đến Đà Nẵng"])
    browser.get(f"{address}/en/index.html?q=da nang&kind=place")
    WebDriverWait(browser, 10).until(lambda b: titles(b, "place")[:1] == ["Da Nang"])
    assert titles(browser, "dataset") == titles(browser, "indicator") == []


def test_the_home_page_leads_with_the_city_s_figures(
    browser: webdriver.Chrome, address: str
) -> None:
    browser.get(f"{address}/en/index.html")
    headlines = browser.find_elements(By.CSS_SELECTOR, ".headlines li")
    assert [each.text.splitlines()[:3] for each in headlines] == [
        ["Tourism", "2,023", "Rooms"], ["Health", "2,023", "Rooms"],
    ]
    assert all("2023" in each.text and "2022: 2,022" in each.text for each in headlines)


def test_the_city_s_page_has_every_indicator(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/en/index.html")
    browser.find_element(By.LINK_TEXT, "All figures of Da Nang").send_keys(Keys.ENTER)
    rows = browser.find_elements(By.CSS_SELECTOR, "#in-tourism-1 tbody tr")
    assert [row.text.split()[:3] for row in rows] == [
        ["Rooms", "2,023", "2023"], ["Beds", "2,023", "2023"],
    ]


def test_a_narrow_row_of_a_place_has_one_left_edge(
    browser: webdriver.Chrome, address: str
) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True,
    })
    browser.get(f"{address}/en/city.html")
    edges = browser.execute_script("""
        const row = document.querySelector(".rows tbody tr");
        return [row.querySelector("th a"), row.querySelector("td.n"), row]
          .map((each) => Math.round(each.getClientRects()[0].left));
        """)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert len(set(edges)) == 1, edges


def test_a_printed_table_is_as_wide_as_the_paper(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    site = Site(tmp_path / "site", registries())
    note = "A daily, 2026-01-02. https://example.org/a-long-address-of-one-word-" + "x" * 60
    site.apply([make_release(tmp_path / "1", dataset(), [row(obs_note=note)])])
    with served(site.folder) as address:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": True,  # A4
        })
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        browser.get(f"{address}/vi/tourism/hotel_rooms.html")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= 718


def test_what_begins_as_was_typed_without_marks_comes_first(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    called = {"SHARE": "Tỷ lệ lao động so với tổng dân số", "PEOPLE": "Dân số trung bình"}
    indicators = {
        code: {**ROOMS, "name": {"vi": name, "en": code}} for code, name in called.items()
    }
    site = Site(tmp_path / "site", registries())
    site.apply([make_release(
        tmp_path / "1", dataset(indicators=indicators), [row(indicator=code) for code in called]
    )])
    with served(site.folder) as address:
        browser.get(f"{address}/vi/index.html?q=dan so")
        WebDriverWait(browser, 10).until(
            lambda b: titles(b, "indicator") == [called["PEOPLE"], called["SHARE"]]
        )


def test_an_indicator_that_is_found_says_of_which_years_it_has_figures(
    browser: webdriver.Chrome, address: str
) -> None:
    browser.get(f"{address}/en/index.html?q=beds&kind=indicator")
    WebDriverWait(browser, 10).until(lambda b: titles(b, "indicator") == ["Beds"])
    assert "2015–2023" in browser.find_element(By.ID, "results").text


def test_search_says_when_there_is_nothing(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/en/index.html?q=qwerty")
    WebDriverWait(browser, 10).until(
        lambda b: b.find_element(By.ID, "search-result").text.startswith("Nothing matches")
    )
    assert titles(browser) == []


def test_the_language_switch_stays_on_the_page(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/vi/tourism/hotel_rooms.html")
    browser.find_element(By.ID, "language").click()
    assert browser.current_url == f"{address}/en/tourism/hotel_rooms.html"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Visitors to Da Nang"
    browser.find_element(By.ID, "language").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Khách du lịch đến Đà Nẵng"


def test_other_charts_are_on_a_page_of_their_own(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/en/tourism/hotel_rooms.html")

    def shown() -> list[str]:
        names = browser.find_elements(By.CSS_SELECTOR, ".figure :is(h2, h3)")
        return [name.text for name in names if name.is_displayed()]

    assert shown() == ["Rooms"]
    other = browser.find_element(By.CSS_SELECTOR, "#chart a[href*='charts.html']")
    assert other.text == "Beds"
    browser.get(str(other.get_attribute("href")))
    assert shown() == ["Rooms", "Beds"]
    figure = WebDriverWait(browser, 10).until(
        lambda b: b.find_element(By.CSS_SELECTOR, "#chart-1 td a").get_attribute("href")
    )
    assert str(figure).startswith(f"{address}/en/figure.html?dataset=tourism%2Fhotel_rooms")
    assert "indicator=BEDS" in str(figure)
    browser.get(str(browser.find_element(By.ID, "language").get_attribute("href")))
    assert shown() == ["Số phòng", "Số giường"]


def test_a_download_has_the_checksum_on_the_page(
    browser: webdriver.Chrome, address: str, tmp_path: Path
) -> None:
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    browser.get(f"{address}/vi/tourism/hotel_rooms.html")
    items = browser.find_elements(By.CSS_SELECTOR, ".downloads li")
    assert len(items) == len(DISTRIBUTIONS)
    for item in items:
        link = item.find_element(By.TAG_NAME, "a")
        path = tmp_path / str(link.get_attribute("href")).rsplit("/", 1)[1]
        link.send_keys(Keys.ENTER)
        WebDriverWait(browser, 10).until(partial(_arrived, path))
        assert sha256_file(path) == item.find_element(By.CLASS_NAME, "sha256").text


def _arrived(path: Path, _: webdriver.Chrome) -> bool:
    return path.is_file()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("page", ["index", "city", "tourism/hotel_rooms"])
def test_no_page_scrolls_sideways(
    browser: webdriver.Chrome, address: str, page: str, width: int
) -> None:
    device = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    try:
        browser.get(f"{address}/vi/{page}.html")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_keyboard_reaches_the_content_first(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/vi/index.html")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.text == "Tới nội dung chính"
    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "content"
