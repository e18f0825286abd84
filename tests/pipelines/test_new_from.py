"""`openindicators new --from`: from a file or URL to a release, through the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.fixtures.commands import Result, openindicators
from tests.fixtures.listeners import serving
from tests.fixtures.projects import for_this_city

TABLE = (
    "Tỉnh;Năm;Khách (lượt);Phòng\n"
    "Đà Nẵng;2022;1.234.567;12.500\nĐà Nẵng;2023;2.345.678;13.100\n"
    "Hà Nội;2022;3.456.789;..\nHà Nội;2023;4.567.890;15.200\n"
)

ANSWERS = (
    "title={vi: Phòng khách sạn, en: Hotel rooms}",
    "description={vi: Mỗi dòng một năm., en: One row a year.}", "publisher=nso_viet_nam",
    "geography.coverage=viet_nam", "indicator_defaults.unit=count",
)


class Place:
    """A project without datasets, and its data folder."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.project = folder / "home", folder / "project"
        for_this_city(self.project)

    def run(self, *arguments: str, **environment: str) -> Result:
        return openindicators(
            self.data_dir, *arguments, OPENINDICATORS_PROJECT=str(self.project), **environment
        )

    def declaration(self, dataset: str) -> str:
        return (self.project / "assets" / f"{dataset}.yaml").read_text(encoding="utf-8")


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_from_a_file_to_a_release(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "Khách & phòng.csv"
    source.write_text(TABLE, encoding="utf-8")
    said = place.run("new", "tourism/hotel_rooms", "--from", str(source))
    assert said.code == 0, said.out + said.err
    lines = {line.split()[0]: line for line in said.out.splitlines() if line}
    assert "certain" in lines["delimiter"] and "';' splits 5" in lines["delimiter"]
    assert "vi" in lines["locale"] and "points between thousands" in lines["locale"]
    assert "4 of 4 values are in vn_province_2008 (VN:2008-08-01)" in lines["ref_area"]
    assert "5 open questions" in said.out and "publisher: Who publishes the figures?" in said.out
    declared = place.declaration("tourism/hotel_rooms")
    assert 'publisher: "?"' in declared and "da_nang" not in declared
    assert 'delimiter: ";"' in declared
    assert place.run("check").code == 0 and place.run("check", "--strict").code == 9
    refused = place.run("run", "tourism/hotel_rooms")
    assert refused.code == 9 and "Which place do the figures cover?" in refused.err
    answered = place.run("confirm", "tourism/hotel_rooms", *(
        part for each in ANSWERS for part in ("--answer", each)
    ))
    assert answered.code == 0, answered.out + answered.err
    made = place.run("run", "tourism/hotel_rooms", "--json")
    assert made.code == 0, made.out + made.err
    assert (place.data_dir / "releases" / "tourism" / "hotel_rooms" / "1").is_dir()
    shown = place.run("list", "--json").json
    assert [(row["dataset"], row["rows"]) for row in shown] == [("tourism/hotel_rooms", 7)]


def test_nothing_is_overwritten(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "rooms.csv"
    source.write_text(TABLE, encoding="utf-8")
    assert place.run("new", "tourism/one", "--from", str(source)).code == 0
    again = place.run("new", "tourism/one", "--from", str(source))
    assert again.code == 1 and "is there already" in again.err
    source.write_text(TABLE + "Hà Nội;2024;1;2\n", encoding="utf-8")
    other = place.run("new", "tourism/two", "--from", str(source))
    assert other.code == 1 and "another file of this name is in the inbox" in other.err
    assert not (place.project / "assets" / "tourism" / "two.yaml").exists()


def test_what_cannot_be_known_is_asked_with_its_line(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "prices.csv"
    source.write_text("street,price\nA,1\nB,2\nC,3\n", encoding="utf-8")
    said = place.run("new", "finance/prices", "--from", str(source))
    assert said.code == 0, said.err
    assert "no column holds time periods" in said.out
    checked = place.run("check")
    assert checked.code == 0 and "1 dataset not ready" in checked.out
    lines = place.declaration("finance/prices").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith("frequency:"))
    assert f"prices.yaml:{number}: frequency: How often" in checked.err
    assert "geography: Which place is the whole table about?" in checked.err
    assert place.run("confirm", "finance/prices", "--yes").code == 9


def test_codes_alone_are_no_certain_match(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "prices.csv"
    source.write_text("zone,year,price\nFM,2020,1\nFM,2021,2\nFR,2020,3\n", encoding="utf-8")
    said = place.run("new", "finance/prices", "--from", str(source))
    assert "source.columns.ref_area: Is ref_area right: zone?" in said.out
    sexes = tmp_path / "sexes.csv"
    rows = "".join(f"{area},{year},{kind},1\n" for area in ("Đà Nẵng", "Hà Nội")
                   for year in (2020, 2021) for kind in "FM")
    sexes.write_text("Tỉnh,Năm,k,v\n" + rows, encoding="utf-8")
    said = place.run("new", "finance/sexes", "--from", str(sexes))
    assert "only the codes match, e.g. 'F' would be" in said.out
    sexes.with_name("named.csv").write_text("Tỉnh,Năm,sex,v\n" + rows, encoding="utf-8")
    said = place.run("new", "finance/named", "--from", str(tmp_path / "named.csv"))
    assert "only the codes" not in said.out


def test_rows_that_would_be_lost_are_no_tolerance_by_guess(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "rooms.csv"
    source.write_text(TABLE + "Atlantis;2022;1;2\n", encoding="utf-8")
    said = place.run("new", "tourism/rooms", "--from", str(source))
    assert "tolerance: Which share of the rows may be quarantined?" in said.out
    assert "'Atlantis'" in said.out
    assert "tolerance: 0.01" in place.declaration("tourism/rooms")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"), ("<html><title>Log in</title></html>", "an HTML page"),
        ('{"$schema": "x", "properties": {}}', "schema: JSON Schema"),
    ],
)
def test_what_is_no_table_is_refused(
    place: Place, tmp_path: Path, content: str, says: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_text(content, encoding="utf-8")
    said = place.run("new", "finance/prices", "--from", str(source))
    assert said.code != 0 and says in said.err and "Traceback" not in said.err
    assert not (place.project / "assets").exists()


def test_a_url_is_asked_within_the_limits(place: Place, tmp_path: Path) -> None:
    (tmp_path / "rooms.csv").write_text(TABLE, encoding="utf-8")
    with _served(tmp_path) as url:
        refused = place.run("new", "tourism/rooms", "--from", f"{url}/rooms.csv")
        assert refused.code == 4 and "inside a network" in refused.err
        allowed = {"OPENINDICATORS_ALLOW_PRIVATE": "1"}
        said = place.run("new", "tourism/rooms", "--from", f"{url}/rooms.csv", **allowed)
        assert said.code == 0, said.out + said.err
        assert f'urls: ["{url}/rooms.csv"]' in place.declaration("tourism/rooms")
        secret = place.run(
            "new", "tourism/secret", "--from", f"{url}/rooms.csv?token=hidden", **allowed
        )
        assert secret.code == 0
        assert "hidden" not in place.declaration("tourism/secret") + secret.out
    other = place.run("new", "tourism/other", "--from", "file:///etc/passwd")
    assert other.code == 1 and "no http or https URL" in other.err


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"
