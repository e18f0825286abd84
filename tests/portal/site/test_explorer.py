"""The explorer as a person meets it, in a real browser: choose, draw, take away, query."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from model.util.hashing import sha256_file
from portal.site.site import Site
from portal.site_folder.release_files import write_checksums
from tests.fixtures.browser import violations
from tests.fixtures.datasets import dataset, registries
from tests.fixtures.releases import make_release, row
from tests.fixtures.site_server import served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>\"'</script>"
MILLION = 1_000_000
SAID = "A daily, 2026-01-02. https://example.org/a/b.html (2026-11)"
DENSITY = {  # as a source writes them: some years with decimals, some without
    "48": (993.21, 1016.0), "01": (2594.66, 2636.0), "79": (4554.58, 4625.0),
    "46": (238.23, 241.0), "92": (885.5, 893.0), "31": (1402.0, 1410.0),
}
ROWS = [
    row(indicator=code, ref_area=area, time_period=str(year), obs_value=value * 1.1,
        obs_status={2018: "B", 2020: "P"}.get(year, "A"), obs_note={2016: 'a, "b"'}.get(year))
    for code, scale in (("ROOMS", 1e-9), ("BEDS", 1e21)) for area in ("48", "01", "79")
    for year in (2014, 2016, 2017, 2018, 2019, 2020)
    for value in [year * scale + int(area)]
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    made = Site(folder / "site", registries())
    unit: dict[str, Any] = {"unit": "count", "decimals": 0}
    indicators = {
        "ROOMS": {"name": {"vi": "Số phòng", "en": "Rooms"}, **unit},
        "BEDS": {"name": {"vi": "Số giường", "en": "Beds"}, **unit},
    }
    first = make_release(folder / "1", dataset(indicators=indicators), ROWS)
    changed = [{**item, "obs_value": 7.0} if item is ROWS[0] else item for item in ROWS]
    second = make_release(folder / "2", dataset(indicators=indicators), changed, number=2)
    made.apply([first, second])
    hostile = dataset(
        name="hostile", title={"vi": HOSTILE, "en": HOSTILE},
        indicators={"X": {"name": {"vi": HOSTILE, "en": HOSTILE}, **unit}},
    )
    rows = [row(indicator="X", obs_note=HOSTILE, time_period=year) for year in ("2019", "2020")]
    made.apply([make_release(folder / "hostile", hostile, rows)])
    _write_origins(made.folder / "datasets/tourism/hotel_rooms")
    within = [row(freq="YTD", time_period=f"2024-01-01/P{month}M", obs_value=float(month))
              for month in range(3, 13)]
    made.apply([make_release(folder / "within", dataset(name="within", frequency="YTD"), within)])
    monthly = dataset(name="monthly", frequency="M", indicators={"ROOMS": {
        "name": {"vi": "Số phòng", "en": "Rooms"}, "unit": "count", "decimals": 1,
    }})
    months = [row(freq="M", ref_area=area, time_period=f"{year}-{month:02}", obs_value=value)
              for area, value in (("48", 1231.0), ("01", 940.5), ("RRD", 9000.0))
              for year in range(2019, 2025) for month in range(1, 13)]
    made.apply([make_release(folder / "monthly", monthly, months)])
    density = dataset(name="density")
    rows = [row(ref_area=area, time_period=year, obs_value=value, obs_note=SAID)
            for area, values in DENSITY.items()
            for year, value in zip(("2024", "2025"), values, strict=True)]
    made.apply([make_release(folder / "density", density, rows)])
    half = [row(freq="YTD", time_period=f"2025-01-01/P{month}M") for month in (3, 6)]
    made.apply([make_release(folder / "half", dataset(name="half", frequency="YTD"), half)])
    large = dataset(name="large")
    made.apply([make_release(folder / "large", large, [row()])])
    _enlarge(made.folder / "datasets/tourism/large")
    made.write_shared()  # the explorer's pages name the datasets that are read by ranges
    return made


def _write_origins(folder: Path) -> None:
    """Say of each figure of release 2 where it stands in its source."""
    path = "releases/2/origins.parquet"
    table = pq.read_table(folder / "hotel_rooms.parquet").drop_columns(["obs_value"])
    count = table.num_rows
    about = {
        "record_sha256": "a" * 64, "withheld": None,
        "snapshot": {"sha256": "b" * 64, "retrieved": "2026-11-20T00:00:00Z"},
        "parts": [{
            "name": "rooms.csv", "url": "https://example.org/rooms.csv", "bytes": 1234,
            "sha256": "c" * 64, "rows": "line", "header": "area,rooms",
        }],
    }
    for name, value in (
        ("source_part", "rooms.csv"), ("source_column", "rooms"), ("source_text", HOSTILE),
    ):
        table = table.append_column(name, pa.array([value] * count))
    table = table.append_column("source_row", pa.array(range(2, count + 2)))
    pq.write_table(table.replace_schema_metadata({"openindicators": json.dumps(about)}),
                   folder / path, compression="zstd")
    known = json.loads((folder / "sha256.json").read_text(encoding="utf-8"))
    (folder / "sha256.json").write_text(json.dumps({**known, path: "d" * 64}), encoding="utf-8")


def test_a_click_on_a_figure_leads_to_its_place_in_the_source(browser, address) -> None:
    browser.get(f"{address}/en/tourism/hotel_rooms.html")
    link = WebDriverWait(browser, 20).until(lambda b: b.execute_script(  # once it is painted
        "const links = [...document.querySelectorAll('table[data-proof] a')];"
        "return links.find(a => a.href.includes('ref_area=48') && a.href.includes('2019'))?.href"
    ))
    opened(browser, address, link.removeprefix(f"{address}/"), "title")
    WebDriverWait(browser, 20).until(lambda b: b.find_element(By.ID, "proof").is_displayed())
    said = browser.find_element(By.ID, "proof").text
    assert "1,234 bytes" in said and "column “rooms”" in said
    assert all(each * 64 in said for each in "abc")
    assert browser.find_element(By.ID, "source-row").text == f"area,rooms\n{HOSTILE}"
    before = link.removeprefix(f"{address}/").replace("release=2", "release=1")
    opened(browser, address, before, "title")
    assert not browser.find_element(By.ID, "proof").is_displayed()


def _enlarge(folder: Path) -> None:
    """Put a million rows into a dataset's Parquet file, in the groups that the portal writes."""
    path = folder / "large.parquet"
    schema = pq.read_schema(path)
    values = np.random.default_rng(1).normal(1e5, 3e4, MILLION).round(2)
    usual = row()
    names = [name for name in schema.names if name not in ("obs_value", "time_period")]
    columns = {
        name: pa.array([usual.get(name)] * MILLION, schema.field(name).type) for name in names
    }
    columns["obs_value"] = pa.array(values)
    columns["time_period"] = pa.array([f"{1600 + at % 500}" for at in range(MILLION)])
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    path.unlink()
    with pq.ParquetWriter(path, schema, compression="zstd", version="2.6") as writer:
        for batch in table.to_batches(max_chunksize=50_000):
            writer.write_batch(batch)
    described = folder / "dataset.json"
    state = json.loads(described.read_text(encoding="utf-8"))
    for file in state["releases"][-1]["files"]:
        if file["name"] == path.name:
            file.update(bytes=path.stat().st_size, sha256=sha256_file(path))
        elif file["name"] == "large.json":  # as it would be: not read as a whole
            file["bytes"] = 200 * MILLION
    described.write_text(json.dumps(state), encoding="utf-8")
    write_checksums(folder)


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with served(site.folder) as address:
        yield address


@pytest.fixture(autouse=True)
def quiet_and_at_home(browser: webdriver.Chrome, address: str) -> Iterator[None]:
    """No error in the console, nothing blocked by the policy, no request to another host."""
    yield
    # DuckDB's worker notes a query's syntax error, which the page shows.
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []
    assert all(name.startswith((address, "blob:", "data:")) for name, _ in requests(browser))


def requests(browser: webdriver.Chrome) -> list[tuple[str, int]]:
    """Return the address and the compressed bytes of what the page asked for."""
    entries = browser.execute_script(
        "return performance.getEntriesByType('resource').map((e) => [e.name, e.encodedBodySize])"
    )
    return [(name, size) for name, size in entries]


def opened(browser: webdriver.Chrome, address: str, path: str, ready: str = "subtitle") -> None:
    """Open a page, and wait for what it shows."""
    browser.get(f"{address}/{path}")
    WebDriverWait(browser, 30).until(lambda b: b.find_element(By.ID, ready).text)


def saved(browser: webdriver.Chrome, button: str) -> str:
    """Press a button that saves a file, and return the file's text."""
    browser.execute_script(
        "window.kept = null; URL.createObjectURL = (blob) => { window.kept = blob; return '#'; }"
    )
    press(browser, f"#{button}")
    return str(browser.execute_async_script(
        "const done = arguments[0]; const wait = () => window.kept"
        " ? (window.kept.type.startsWith('image/png') ? done(window.kept.type) :"
        " window.kept.text().then(done)) : setTimeout(wait, 50); wait()"
    ))


@contextmanager
def elsewhere(html: str) -> Iterator[str]:
    """Serve a page of another origin; gives its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b'<link rel="icon" href="data:,">' + html.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()


def press(browser: webdriver.Chrome, selector: str, index: int = 0) -> None:
    """Click an element, wherever the page is scrolled to."""
    found = browser.find_elements(By.CSS_SELECTOR, selector)[index]
    browser.execute_script("arguments[0].click()", found)


def rows(browser: webdriver.Chrome) -> list[WebElement]:
    """Open the table of the figures, and return its rows: they are filled in when it is opened."""
    if not browser.find_element(By.ID, "figures").get_attribute("open"):
        press(browser, "#figures summary")
    return WebDriverWait(browser, 20).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "#table tbody tr")
    )


def says(browser: webdriver.Chrome, words: str) -> None:
    """Wait until the page's status has these words."""
    WebDriverWait(browser, 60).until(lambda b: words in b.find_element(By.ID, "status").text)


def wait_for(browser: webdriver.Chrome, key: str, value: str) -> None:
    """Wait until the address says that `key` is `value`, and the chart is drawn."""
    WebDriverWait(browser, 20).until(
        lambda b: parse_qs(urlsplit(b.current_url).query).get(key) == [value]
        and "2020" in b.find_element(By.ID, "status").text
    )


def test_what_is_chosen_stands_in_the_address_and_comes_back_from_it(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/hotel_rooms")
    assert browser.find_element(By.ID, "title").text == "Rooms"
    press(browser, "#indicators input[value=BEDS]")
    wait_for(browser, "indicator", "ROOMS,BEDS")
    press(browser, "#indicators input[value=ROOMS]")
    wait_for(browser, "indicator", "BEDS")
    press(browser, "#areas input[value='01']")
    Select(browser.find_element(By.ID, "from")).select_by_value("2017")
    press(browser, "#chart_rank")
    wait_for(browser, "chart", "rank")
    said = browser.find_element(By.ID, "status").text
    table = [row.text for row in rows(browser)]
    browser.get(browser.current_url)
    WebDriverWait(browser, 20).until(lambda b: b.find_element(By.ID, "status").text == said)
    assert browser.find_element(By.ID, "title").text == "Beds"
    assert [row.text for row in rows(browser)] == table
    assert "01" not in parse_qs(urlsplit(browser.current_url).query)["area"][0].split(",")
    browser.back()


@pytest.mark.parametrize(("kind", "axis"), [("line", "x-axis"), ("bar", "fx-axis")])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(("page", "last"), [
    ("vi/explorer.html?dataset=tourism/within", "12thángđầunăm2024"),
    ("en/explorer.html?dataset=tourism/monthly&area=48", "Dec2024"),
])
def test_the_time_axis_names_periods_within_a_year_that_have_room(
    browser, address, page: str, last: str, kind: str, axis: str, width: int
) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False,
    })
    opened(browser, address, f"{page}&chart={kind}", "status")
    says(browser, "2024")
    named = browser.execute_script(
        "const svg = document.querySelector('#chart svg[role=img]');"
        "const { left, right, bottom } = svg.getBoundingClientRect();"
        f"return [...svg.querySelectorAll('[data-mark=\"{axis} tick label\"] text')].map(each => {{"
        "  const box = each.getBoundingClientRect();"
        "  return [box.left - left, right - box.right, box.right - left, bottom - box.bottom,"
        "          each.textContent.replaceAll(/\\s/g, '')]; }).filter(each => each[4])"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    named.sort()
    assert len(named) > (width > 400)
    if kind == "bar" or last != "Dec2024":  # along a line of years these are named
        assert named[-1][4] == last
    assert all(min(before, after, below) >= 0 for before, after, _, below, _ in named), named
    assert all(one[2] < other[0] for one, other in pairwise(named)), named


def test_bars_say_of_how_many_periods_they_are(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/monthly&area=48&chart=bar", "status")
    says(browser, "2024")
    said = browser.find_element(By.ID, "chart").text
    assert "The chart shows the newest 60 of 72 periods" in said


def test_a_ranking_is_of_places_of_one_kind_with_their_indicators_decimals(
    browser, address
) -> None:
    opened(browser, address, "vi/explorer.html?dataset=tourism/monthly&chart=rank", "status")
    says(browser, "chuỗi")
    texts = browser.find_element(By.CSS_SELECTOR, "#chart svg[role=img]").text.split("\n")
    assert [each for each in texts if each[0].isdigit()] == ["1.231,0", "940,5"], texts
    assert "Đà Nẵng" in texts and "Đồng bằng sông Hồng" not in texts
    assert {"1.231,0", "940,5"} <= {word for each in rows(browser) for word in each.text.split()}
    press(browser, "#areas input[value=RRD]")  # a person may want it
    WebDriverWait(browser, 20).until(lambda b: "Đồng bằng sông Hồng" in b.find_element(
        By.CSS_SELECTOR, "#chart svg[role=img]").text)


def test_figures_of_one_indicator_have_as_many_decimals(browser, address) -> None:
    page = "en/explorer.html?dataset=tourism/density&area=48,01,79,46,92,31&chart=map"
    opened(browser, address, page, "status")
    says(browser, "2025")
    shown = " ".join(each.text for each in rows(browser))
    assert "993.21" in shown and "1,016.00" in shown and "885.50" in shown
    limits = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#chart rect + text")]
    assert len(limits) == 4 and not any("." in each for each in limits), limits


def test_the_change_of_borders_is_named_where_figures_reach_it(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/half", "status")
    says(browser, "2025")
    assert "changed" not in browser.find_element(By.ID, "chart").text, "half a year ends before"
    opened(browser, address, "en/explorer.html?dataset=tourism/density&area=48,01", "status")
    says(browser, "2025")
    assert "borders changed" in browser.find_element(By.CSS_SELECTOR, "#chart svg[role=img]").text
    press(browser, "#chart_multiples")
    WebDriverWait(browser, 20).until(
        lambda b: len(b.find_elements(By.CSS_SELECTOR, "#chart svg[role=img]")) == 2
    )
    assert "borders changed" not in " ".join(
        each.text for each in browser.find_elements(By.CSS_SELECTOR, "#chart svg[role=img]")
    ), "the line of a small chart would go through it"


def test_the_address_in_a_note_is_a_link(browser, address) -> None:
    key = "indicator=ROOMS&ref_area=48&time_period=2025"
    browser.get(f"{address}/en/figure.html?dataset=tourism/density&{key}")
    link = WebDriverWait(browser, 20).until(
        lambda b: b.find_element(By.CSS_SELECTOR, "#facts a[href^='https://example.org']")
    )
    assert link.get_attribute("href") == link.text == "https://example.org/a/b.html"
    assert SAID in browser.find_element(By.ID, "facts").text


@pytest.mark.parametrize("kind", ["line", "bar", "rank", "map", "multiples", "pivot"])
def test_every_kind_of_chart_is_drawn(browser, address, kind: str) -> None:
    opened(browser, address, f"vi/explorer.html?dataset=tourism/hotel_rooms&chart={kind}", "status")
    says(browser, "chuỗi")
    drawn = browser.find_elements(By.CSS_SELECTOR, "#chart svg[role=img]")
    assert len(drawn) == {"pivot": 0, "multiples": 3}.get(kind, 1)
    assert all(each.get_attribute("aria-label") for each in drawn)
    assert len(rows(browser)) == 6


def test_lines_stop_at_gaps_and_breaks_and_are_dashed_where_not_final(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/hotel_rooms&area=48")
    paths = browser.find_elements(By.CSS_SELECTOR, "#chart [data-mark=line] path")
    lines = [
        (each.get_attribute("d").count("L"),
         each.find_element(By.XPATH, "..").get_attribute("stroke-dasharray"))
        for each in paths
    ]
    # 2014 | 2016-2017 | 2018-2019 and, dashed, 2019-2020
    assert sorted(lines, key=str) == [(1, "5 4"), (1, None), (1, None)]
    notes = browser.find_element(By.ID, "chart").text
    assert "≠ marks a break" in notes and "not final" in notes


def test_the_download_is_the_release_cell_for_cell(browser, address, site: Site) -> None:
    query = "dataset=tourism/hotel_rooms&indicator=ROOMS,BEDS&area=01,48,79"
    opened(browser, address, f"en/explorer.html?{query}")
    released = site.folder / "datasets/tourism/hotel_rooms/hotel_rooms.csv"
    expected = list(csv.reader(released.read_text(encoding="utf-8").splitlines()))
    found = list(csv.reader(io.StringIO(saved(browser, "save_csv"), newline="")))
    assert found[0] == expected[0]
    assert sorted(found[1:]) == sorted(expected[1:])
    Select(browser.find_element(By.ID, "csv_shape")).select_by_value("wide")
    Select(browser.find_element(By.ID, "csv_words")).select_by_value("both")
    wide = list(csv.DictReader(io.StringIO(saved(browser, "save_csv"), newline="")))
    assert len(wide) == 6
    cells = {(r[0], r[1], r[4]): r[5] for r in expected[1:]}
    for line in wide:
        assert line["ref_area_label"] in ("Ha Noi", "Da Nang", "Ho Chi Minh City")
        for year in ("2014", "2020"):
            assert line[year] == cells[line["indicator"], line["ref_area"], year]


def test_two_datasets_in_one_unit_stand_in_one_chart(browser, address) -> None:
    query = "dataset=tourism/hotel_rooms&area=48&with=tourism/hostile"
    opened(browser, address, f"en/explorer.html?{query}")
    says(browser, "2 series")
    rows(browser)
    heads = browser.find_elements(By.CSS_SELECTOR, "#table thead th")
    names = [head.get_attribute("textContent") for head in heads]
    assert names == ["Period", "Rooms", HOSTILE]


def test_a_picture_a_citation_and_a_frame_can_be_taken_away(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/hotel_rooms")
    picture = saved(browser, "save_svg")
    assert picture.startswith("<svg") and "Release 2" in picture
    assert "Rooms" in picture
    press(browser, "#cite summary")
    cited = WebDriverWait(browser, 20).until(
        lambda b: b.find_element(By.ID, "cite_bibtex").get_attribute("value")
    )
    assert cited.startswith("@misc{tourism_hotel_rooms_2,") and "release=2" in cited
    assert browser.find_element(By.ID, "cite_ris").get_attribute("value").startswith("TY  - DATA")
    frame = browser.find_element(By.ID, "embed_code").get_attribute("value")
    with elsewhere(frame) as page:
        browser.get(page)
        browser.switch_to.frame(0)
        WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#chart svg"))
        assert "Release 2" in browser.find_element(By.ID, "source").text
        browser.switch_to.default_content()
        browser.get(f"{address}/en/table.html")


def test_a_figure_has_an_address_that_stays_with_its_release(browser, address) -> None:
    opened(browser, address, "en/explorer.html?dataset=tourism/hotel_rooms&area=48")
    assert rows(browser)
    press(browser, "#table tbody tr:last-child a")
    WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#releases tr+tr"))
    assert browser.find_element(By.ID, "value").text == "7"
    assert "release=2" in browser.current_url
    press(browser, "#releases a", 1)
    WebDriverWait(browser, 20).until(lambda b: "release=1" in b.current_url
                                     and b.find_element(By.ID, "value").text == "52.8")
    assert "Da Nang · 2014" in browser.find_element(By.ID, "where").text


@pytest.mark.parametrize(("query", "said"), [
    ("dataset=../../etc", "There is no dataset"),
    ("dataset=tourism/hotel_rooms&release=9", "Release 9"),
])
def test_what_is_not_there_is_said(browser, address, query: str, said: str) -> None:
    opened(browser, address, f"en/explorer.html?{query}", "status")
    says(browser, said)


@pytest.mark.parametrize(("page", "ready"), [
    ("explorer.html?dataset=tourism/hostile", "subtitle"),
    ("embed.html?dataset=tourism/hostile", "subtitle"),
    ("table.html?dataset=tourism/hostile", "same"),
    ("figure.html?dataset=tourism/hostile&indicator=X&ref_area=48&time_period=2020", "facts"),
    ("index.html?q=onerror", "results"),
])
def test_hostile_names_are_text(browser, address, page: str, ready: str) -> None:
    opened(browser, address, f"en/{page}", ready)
    assert HOSTILE in browser.find_element(By.TAG_NAME, "body").text
    assert not browser.find_elements(By.CSS_SELECTOR, "img[src=x]")


def test_a_table_of_a_million_rows_reads_only_ranges(browser, address) -> None:
    opened(browser, address, "en/table.html?dataset=tourism/large", "rows")
    assert browser.find_element(By.ID, "status").text == "Rows 1 to 50 of 1,000,000"
    assert sum(size for name, size in requests(browser) if "/datasets/" in name) <= 500_000
    browser.find_element(By.ID, "f.time_period").send_keys("1700\t")
    says(browser, "of 2,000")
    press(browser, "[data-column=obs_value] button")
    WebDriverWait(browser, 60).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "[data-column=obs_value][aria-sort=ascending]")
    )
    cells = browser.find_elements(By.CSS_SELECTOR, "#rows td.n")
    values = [float(cell.text.replace(",", "")) for cell in cells]
    assert values == sorted(values) and len(values) == 50


def test_sql_is_answered_by_the_site_itself(browser, address) -> None:
    opened(browser, address, "en/sql.html?dataset=tourism/hotel_rooms", "status")
    assert not [name for name, _ in requests(browser) if "duckdb-wasm" in name]
    query = browser.find_element(By.ID, "query")
    query.clear()
    query.send_keys("SELECT a.ref_area, count(*) AS n, NULL AS x FROM tourism.hotel_rooms a"
                    " JOIN tourism.large USING (freq) GROUP BY 1 ORDER BY 1")
    press(browser, "#run")
    WebDriverWait(browser, 60).until(lambda b: b.find_element(By.ID, "rows").text)
    assert browser.find_element(By.ID, "rows").text.splitlines() == [
        f"{area} 12000000 NULL" for area in ("01", "48", "79")
    ]
    query.clear()
    query.send_keys("SELEC 1")
    press(browser, "#run")
    says(browser, "syntax error")


@pytest.mark.parametrize("page", ["explorer", "table"])
def test_a_page_asks_for_little_and_for_all_of_it_at_once(browser, address, page: str) -> None:
    """Each request costs seconds on a slow line, each script named by another one more."""
    opened(browser, address, f"en/{page}.html?dataset=tourism/hotel_rooms", "status")
    says(browser, "2020" if page == "explorer" else "of 36")
    asked = requests(browser)
    scripts = {name: size for name, size in asked if name.endswith((".js", ".mjs"))}
    assert sum(scripts.values()) <= 250_000  # compressed
    named = browser.execute_script(
        "return [...document.querySelectorAll('link[rel$=preload]')].map((link) => link.href)"
    )
    assert sorted(named) == sorted(name for name in scripts if not name.endswith("/start.js"))
    data = [name.rpartition("/")[2] for name, _ in asked if "/datasets/" in name]
    assert sorted(data) == ["dataset.json", "hotel_rooms-dictionary.csv", "hotel_rooms.json"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [
    "vi/explorer.html?dataset=tourism/hotel_rooms", "en/table.html?dataset=tourism/hotel_rooms",
    "en/sql.html?dataset=tourism/hotel_rooms", "vi/embed.html?dataset=tourism/hotel_rooms",
    "vi/figure.html?dataset=tourism/hotel_rooms&indicator=ROOMS&ref_area=48&time_period=2019",
])
def test_everyone_can_use_it_at_360_pixels_too(browser, address, path: str, scheme: str) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}],
    })
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        ready = {"sql": "status", "embed": "subtitle"}.get(path[3:].partition(".")[0], "title")
        opened(browser, address, path, ready)
        WebDriverWait(browser, 20).until(lambda b: b.execute_script(
            "return Boolean(document.querySelector('#chart svg, #rows tr, #value, #query'))"
        ))
        assert violations(browser) == []
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
