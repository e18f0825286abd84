"""The portal under test is a real CKAN with all that the project publishes to."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.ckan import ports
from dev.ckan.bring_up import SERVICES, status
from dev.ckan.machine import pid_files, processes, termination
from dev.ckan.machine.processes import Service
from dev.ckan.portal_dir import PortalDir
from dev.ckan.running_portal import RunningPortal
from dev.ckan.services import solr
from model.errors import PortalError

Command = Callable[[str, PortalDir], subprocess.CompletedProcess[str]]

TITLE = {"vi": "Lượt khách du lịch đến thành phố", "en": "Visitor arrivals to the city"}
NOTES = {"vi": "Khách do cơ sở lưu trú phục vụ, kể cả thủy sản.", "en": "Guests of lodgings."}


class ActionError(AssertionError):
    """CKAN refused an action; the message holds its own words."""


def request(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> str:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {})) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise ActionError(f"{error.code} {error.read().decode()[:500]}") from error


def act(ckan: RunningPortal, action: str, **data: Any) -> Any:
    headers = {"Authorization": ckan.token, "Content-Type": "application/json"}
    url = f"{ckan.url}/api/3/action/{action}"
    return json.loads(request(url, json.dumps(data).encode(), headers))["result"]


@pytest.fixture(scope="module")
def organisation(ckan: RunningPortal) -> Iterator[str]:
    name = f"test-{uuid.uuid4()}"
    act(ckan, "organization_create", name=name, title="Sở Du lịch")
    yield name
    act(ckan, "organization_purge", id=name)


@pytest.fixture(scope="module")
def package(ckan: RunningPortal, organisation: str) -> Iterator[dict[str, Any]]:
    name = f"test-{uuid.uuid4()}"
    yield act(
        ckan,
        "package_create",
        name=name,
        owner_org=organisation,
        title=TITLE["vi"],
        title_translated=TITLE,
        notes=NOTES["vi"],
        notes_translated=NOTES,
        tags=[{"name": "du lịch"}, {"name": "tourism"}],
        tags_translated={"vi": ["du lịch"], "en": ["tourism"]},
        publisher=[
            {
                "uri": "https://example.org/so-du-lich",
                "name": "Sở Du lịch",
                "name_translated": {"vi": "Sở Du lịch", "en": "Department of Tourism"},
            }
        ],
        provenance={"vi": "Cục Thống kê", "en": "The statistics office"},
        temporal_coverage=[{"start": "2020-01", "end": "2025-06"}],
        spatial_coverage=[{"uri": "https://example.org/area/48", "text": "Đà Nẵng"}],
        resources=[
            {
                "name": "Dữ liệu",
                "name_translated": {"vi": "Dữ liệu", "en": "Data"},
                "url": "https://example.org/data.csv",
                "format": "CSV",
            }
        ],
    )
    act(ckan, "dataset_purge", id=name)


@pytest.mark.portal
def test_all_parts_are_loaded(ckan: RunningPortal) -> None:
    shown = act(ckan, "status_show")
    assert shown["ckan_version"] == "2.12.0"
    assert shown["locale_default"] == "vi"
    assert set(shown["extensions"]) >= {
        *("activity", "datastore", "datatables_view", "text_view", "image_view"),
        *("openindicators", "scheming_datasets", "dcat", "structured_data", "croissant"),
    }


@pytest.mark.portal
def test_search_is_a_real_solr_with_ckans_schema(ckan: RunningPortal) -> None:
    assert '<schema name="ckan-2.12"' in request(f"{ckan.solr_url}/schema?wt=schema.xml")


@pytest.mark.portal
@pytest.mark.parametrize(
    "words",
    [
        *("du lịch", "du lich", "DU LICH"),
        *("thành phố", "thanh pho"),
        *("đến", "den"),  # đ is a letter of its own, no d with an accent
        *("thủy sản", "thuy san"),  # stemmed before folding these would not meet
        *("visitor", "lodgings"),  # in the translations alone
        "department",  # in a repeating subfield
    ],
)
def test_search_finds_with_and_without_diacritics(
    ckan: RunningPortal, package: dict[str, Any], words: str
) -> None:
    found = act(ckan, "package_search", q=words, fq=f"name:{package['name']}")
    assert [hit["id"] for hit in found["results"]] == [package["id"]]


@pytest.mark.portal
def test_search_does_not_find_what_is_not_there(
    ckan: RunningPortal, package: dict[str, Any]
) -> None:
    assert act(ckan, "package_search", q="nông nghiệp", fq=f"name:{package['name']}")["count"] == 0


@pytest.mark.portal
def test_dcat_holds_both_languages(ckan: RunningPortal, package: dict[str, Any]) -> None:
    catalogue = request(f"{ckan.url}/catalog.ttl?fq=name:{package['name']}")
    for literal in (
        *(f'"{TITLE["vi"]}"@vi', f'"{TITLE["en"]}"@en'),
        *(f'"{NOTES["vi"]}"@vi', f'"{NOTES["en"]}"@en'),
        *('"du lịch"@vi', '"tourism"@en'),
        *('"Sở Du lịch"@vi', '"Department of Tourism"@en'),
        *('"Cục Thống kê"@vi', '"The statistics office"@en'),
        *('"Dữ liệu"@vi', '"Data"@en'),
        '"2020-01"^^xsd:gYearMonth',
    ):
        assert literal in catalogue
    assert catalogue.count("a dcat:Dataset ;") == 1
    assert catalogue.count("a dct:PeriodOfTime ;") == 1


@pytest.mark.portal
def test_pages_speak_both_languages(ckan: RunningPortal, package: dict[str, Any]) -> None:
    assert TITLE["vi"] in request(f"{ckan.url}/dataset/{package['name']}")
    english = request(f"{ckan.url}/en/dataset/{package['name']}")
    assert TITLE["en"] in english
    assert "The statistics office" in english
    assert '"@type": "schema:Dataset"' in english


@pytest.mark.portal
def test_a_dataset_without_translations_keeps_its_title(
    ckan: RunningPortal, organisation: str
) -> None:
    name = f"test-{uuid.uuid4()}"
    act(ckan, "package_create", name=name, owner_org=organisation, title="Giá", notes="Giá cả")
    try:
        assert 'dct:title "Giá"' in request(f"{ckan.url}/dataset/{name}.ttl")
    finally:
        act(ckan, "dataset_purge", id=name)


@pytest.mark.portal
def test_datastore_takes_rows_and_gives_them_back(
    ckan: RunningPortal, package: dict[str, Any]
) -> None:
    resource = package["resources"][0]["id"]
    act(
        ckan,
        "datastore_create",
        resource_id=resource,
        force=True,
        primary_key=["area", "period"],
        fields=[
            {"id": "area", "type": "text", "info": {"label": "Khu vực", "label_en": "Area"}},
            {"id": "period", "type": "text"},
            {"id": "value", "type": "numeric"},
        ],
    )
    rows = [{"area": "048", "period": f"2024-{month:02}", "value": month} for month in range(1, 13)]
    revised = {"area": "048", "period": "2024-12", "value": 99.5}
    for records in (rows, [revised]):
        act(
            ckan,
            "datastore_upsert",
            resource_id=resource,
            force=True,
            records=records,
            calculate_record_count=True,
        )
    found = act(ckan, "datastore_search", resource_id=resource, sort="period desc", limit=1)
    assert found["total"] == 12
    assert {key: found["records"][0][key] for key in revised} == revised
    assert found["fields"][1]["info"] == {"label": "Khu vực", "label_en": "Area"}
    summed = act(ckan, "datastore_search_sql", sql=f'SELECT sum(value) AS s FROM "{resource}"')
    assert float(summed["records"][0]["s"]) == sum(range(1, 12)) + 99.5


@pytest.mark.portal
def test_the_write_role_reaches_the_datastore(ckan: RunningPortal) -> None:
    asked = subprocess.run(
        ["psql", ckan.datastore_write_url, "-Atc", "SELECT current_user, current_database()"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == "ckan_default|datastore_default"


@pytest.mark.portal
def test_the_worker_empties_its_queue(ckan: RunningPortal, package: dict[str, Any]) -> None:
    deadline = time.monotonic() + 30
    while act(ckan, "job_list"):
        assert time.monotonic() < deadline, "jobs wait, nobody does them"
        time.sleep(0.2)


@pytest.mark.portal
def test_purged_is_gone(ckan: RunningPortal, organisation: str) -> None:
    name = f"test-{uuid.uuid4()}"
    act(ckan, "package_create", name=name, owner_org=organisation, title="Tạm", notes="Tạm")
    act(ckan, "dataset_purge", id=name)
    assert act(ckan, "package_search", fq=f"name:{name}")["count"] == 0
    with pytest.raises(ActionError, match="404"):
        act(ckan, "package_show", id=name)


@pytest.mark.portal
def test_up_twice_starts_nothing_anew_and_is_quick(
    ckan: RunningPortal, portal_home: PortalDir, portal_command: Command
) -> None:
    before = status(portal_home)
    begun = time.monotonic()
    done = portal_command("up", portal_home)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 10
    assert status(portal_home) == before
    assert ckan.url in done.stdout


@pytest.mark.portal
def test_the_extensions_tests_pass_and_leave_the_portal_as_it_was(
    ckan: RunningPortal, package: dict[str, Any], portal_home: PortalDir, portal_command: Command
) -> None:
    done = portal_command("test-extension", portal_home)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout
    found = act(ckan, "package_search", fq=f"name:{package['name']}")
    assert [hit["id"] for hit in found["results"]] == [package["id"]]


@pytest.mark.portal
def test_secrets_are_for_their_owner_alone(ckan: RunningPortal, portal_home: PortalDir) -> None:
    for path in (portal_home.token, portal_home.description, portal_home.ini):
        assert path.stat().st_mode & 0o777 == 0o600
    for log in portal_home.logs.iterdir():
        assert ckan.token not in log.read_text(errors="replace")


@pytest.mark.portal
def test_everything_listens_on_this_machine_alone(
    ckan: RunningPortal, portal_home: PortalDir
) -> None:
    numbers = {
        int(port) for port in json.loads((portal_home.root / "ports.json").read_text()).values()
    }
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, port = line.split()[1].rsplit(":", 1)
            if line.split()[3] == "0A" and int(port, 16) in numbers:  # 0A: LISTEN
                listening.add((address, int(port, 16)))
    # A dual-stack socket, as Java's, shows as an IPv4 address mapped into IPv6.
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}
    assert {port for _, port in listening} == numbers
    assert {address for address, _ in listening} <= loopback


@pytest.fixture
def empty_home(tmp_path: Path) -> PortalDir:
    home = PortalDir(tmp_path)
    home.make_folders()
    return home


@pytest.fixture
def sleeper(empty_home: PortalDir) -> Iterator[Service]:
    service = Service("ckan", ["sleep", "300"], ready=lambda: True)
    yield service
    termination.stop(empty_home, "ckan")


def test_a_stranger_with_the_recorded_number_is_left_alone(
    empty_home: PortalDir, sleeper: Service
) -> None:
    stranger = subprocess.Popen(["sleep", "300"])
    time.sleep(0.05)  # births are distinguished by ticks of 10 ms
    processes.start(empty_home, sleeper)
    pid_file = empty_home.run / "ckan.pid"
    own = pid_file.read_text()
    try:
        pid_file.write_text(json.dumps(json.loads(own) | {"pid": stranger.pid}))
        assert pid_files.running(empty_home, "ckan") is None
        assert termination.stop(empty_home, "ckan") is False
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        pid_file.write_text(own)


def test_a_service_is_started_once_and_anew_when_it_changes(
    empty_home: PortalDir, sleeper: Service
) -> None:
    assert processes.start(empty_home, sleeper)
    first = pid_files.running(empty_home, "ckan")
    assert not processes.start(empty_home, sleeper)
    assert pid_files.running(empty_home, "ckan") == first
    assert processes.start(empty_home, Service("ckan", ["sleep", "301"], ready=lambda: True))
    assert pid_files.running(empty_home, "ckan") not in (None, first)


def test_a_service_that_ends_at_once_shows_its_log(empty_home: PortalDir) -> None:
    service = Service("solr", ["sh", "-c", "echo no such thing; exit 3"], ready=lambda: False)
    processes.start(empty_home, service)
    with pytest.raises(PortalError, match="no such thing"):
        processes.wait_until_ready(empty_home, service)


def test_a_taken_port_is_avoided_or_named(empty_home: PortalDir) -> None:
    chosen = ports.choose_ports(empty_home, {}, running=[])
    assert len(set(chosen.values())) == len(ports.FIRST)
    assert ports.choose_ports(empty_home, {}, running=[]) == chosen
    with pytest.raises(PortalError, match="requested for solr"):
        ports.choose_ports(empty_home, {"solr": chosen["postgres"]}, running=[])


def test_a_schema_that_changed_upstream_is_reported() -> None:
    with pytest.raises(PortalError, match="differs"):
        solr.adapt_schema('<schema name="ckan-2.13"></schema>')


def test_status_of_nothing(empty_home: PortalDir, portal_command: Command) -> None:
    assert status(empty_home) == dict.fromkeys(SERVICES)
    done = portal_command("status", empty_home)
    assert done.returncode == 1
    assert "the portal is not up" in done.stdout
