"""A pull that dies goes on where it ended; what has not changed is not asked for."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import ChangedError, SourceError
from sources.base import Request, SourceFile, SourceProtocol, Validators
from sources.connectors import gho, worldbank
from sources.fetch.http import HttpLimits, HttpTransport
from sources.fetch.part_files import write_body
from sources.fetch.parts import Fetched, fetch_parts
from sources.limits import MAX_PULL_SECONDS
from tests.fixtures.listeners import serving

PAGES = 500


class Bank(ThreadingHTTPServer):
    """The World Bank on this machine: pages of one observation, until it dies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[int] = []
        self.pages = PAGES
        self.dies_at: int | None = None
        self.hangs_at: int | None = None
        self.updated = "2026-07-01"
        self.first_value = 1

    @property
    def options(self) -> dict[str, Any]:
        return {
            "indicators": ["A"], "per_page": 1,
            "base_url": f"http://127.0.0.1:{self.server_port}/v2",
        }

    def body(self, page: int) -> bytes:
        row = {
            "indicator": {"id": "A"}, "country": {"id": "VN"}, "date": str(2026 - page),
            "value": self.first_value if page == 1 else page,
        }
        count = {"pages": self.pages, "total": self.pages}
        head = {"page": page, **count, "lastupdated": self.updated}
        return json.dumps([head, [row]]).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Bank

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query)["page"][0])
        self.server.asked.append(page)
        if page == self.server.hangs_at:
            time.sleep(60)
        status = 503 if page == self.server.dies_at else 200
        body = self.server.body(page) if status == 200 else b"down"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def bank_on_this_machine() -> Iterator[Bank]:
    """Serve the bank for as long as the context lasts."""
    server = Bank()
    with serving(server):
        yield server


@pytest.fixture(name="bank")
def _bank() -> Iterator[Bank]:
    with bank_on_this_machine() as found:
        yield found


def pulled(
    bank: Bank, target: Path, earlier: Fetched | None = None, **changes: Any
) -> Fetched:
    """Ask the bank over HTTP, as a run does; `bank.asked` begins anew."""
    bank.asked.clear()
    limits = HttpLimits(min_interval=0, allow_private=True, attempts=1)
    options = worldbank.Options.model_validate({**bank.options, **changes})
    known = earlier.parts if earlier else ()
    return fetch_parts(worldbank, options, HttpTransport(limits), target, known)


def is_whole(bank: Bank, found: Fetched) -> bool:
    return [part.path.read_bytes() for part in found.parts] == [
        bank.body(page) for page in range(1, bank.pages + 1)
    ]


@pytest.fixture(name="half")
def _half(bank: Bank, tmp_path: Path) -> Path:
    """A pull that died at page 400."""
    bank.dies_at = 400
    with pytest.raises(SourceError, match="503"):
        pulled(bank, tmp_path / "pull")
    assert bank.asked == list(range(1, 401))
    bank.dies_at = None
    return tmp_path / "pull"


def test_only_the_remaining_pages_are_asked_for(bank: Bank, half: Path) -> None:
    found = pulled(bank, half)
    assert bank.asked == list(range(400, PAGES + 1))
    assert is_whole(bank, found)
    assert not found.unchanged


def test_a_source_that_was_updated_meanwhile_is_asked_from_the_start(
    bank: Bank, half: Path
) -> None:
    bank.updated, bank.first_value = "2026-07-02", 7
    found = pulled(bank, half)
    assert bank.asked == [400, *range(1, PAGES + 1)]
    assert is_whole(bank, found)


def test_other_options_go_on_with_nothing(bank: Bank, half: Path) -> None:
    pulled(bank, half, years="2000..2020")
    assert bank.asked == list(range(1, PAGES + 1))


def test_a_fetch_session_that_waited_too_long_starts_again(bank: Bank, half: Path) -> None:
    journal = half / ".pull.jsonl"
    first, *rest = journal.read_text().splitlines(keepends=True)
    head = json.loads(first) | {"began": time.time() - MAX_PULL_SECONDS - 1}
    journal.write_text(json.dumps(head) + "\n" + "".join(rest))
    assert is_whole(bank, pulled(bank, half))
    assert bank.asked == list(range(1, PAGES + 1))


def test_what_was_damaged_on_the_disk_is_asked_for_again(bank: Bank, half: Path) -> None:
    (half / "a-0007.json").write_bytes(b"damaged")
    (half / "a-0009.json").unlink()
    with (half / ".pull.jsonl").open("a") as journal:
        journal.write('{"name":"a-0400.json","ur')  # killed in the middle of a line
    (half / ".a-0400.json.1").write_bytes(b"half a bo")
    found = pulled(bank, half)
    assert bank.asked == [7, 9, *range(400, PAGES + 1)]
    assert is_whole(bank, found)
    assert not list(half.glob(".*.1"))


def test_a_killed_process_leaves_what_the_next_one_goes_on_with(
    bank: Bank, tmp_path: Path
) -> None:
    bank.pages, bank.hangs_at = 80, 60
    script = (
        "import json, sys; from pathlib import Path; from sources.connectors import worldbank\n"
        "from sources.fetch.parts import fetch_parts\n"
        "from sources.fetch.http import HttpLimits, HttpTransport\n"
        "limits = HttpLimits(min_interval=0, allow_private=True)\n"
        "options = worldbank.Options.model_validate(json.loads(sys.argv[2]))\n"
        "fetch_parts(worldbank, options, HttpTransport(limits), Path(sys.argv[1]))\n"
    )
    target = tmp_path / "pull"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(target), json.dumps(bank.options)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    until = time.monotonic() + 30
    while 60 not in bank.asked and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    bank.hangs_at = None
    found = pulled(bank, target)
    assert bank.asked == list(range(60, 81))
    assert is_whole(bank, found)


def test_a_fetch_session_that_got_nothing_leaves_nothing(bank: Bank, tmp_path: Path) -> None:
    bank.dies_at = 1
    with pytest.raises(SourceError):
        pulled(bank, tmp_path / "pull")
    assert not (tmp_path / "pull").exists()


def test_what_was_not_updated_is_not_asked_for(bank: Bank, tmp_path: Path) -> None:
    bank.pages = 30
    first = pulled(bank, tmp_path / "1")
    second = pulled(bank, tmp_path / "2", first)
    assert bank.asked == [1]
    assert second.unchanged
    assert is_whole(bank, second)
    bank.updated = "2026-08-01"
    third = pulled(bank, tmp_path / "3", second)
    assert bank.asked == list(range(1, 31))
    assert is_whole(bank, third)


def test_what_is_known_is_neither_copied_nor_forced_to_the_disk(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large file, or a thousand datasets, without news cost no more than the question."""
    bank.pages = 3
    first = pulled(bank, tmp_path / "1")
    monkeypatch.setattr(os, "fsync", None)  # a call would fail
    second = pulled(bank, tmp_path / "2", first)
    assert second.unchanged
    assert bank.asked == [1]
    assert [part.path for part in second.parts[1:]] == [part.path for part in first.parts[1:]]


def test_what_changed_of_many_pages_is_resumed_beside_what_is_known(tmp_path: Path) -> None:
    """The page that did not change stays in the last snapshot; the one that is new is kept."""

    class Conditional(Pages):
        def send(self, request: Request, validators: Validators, target: Path) -> SourceFile | None:
            found = super().send(request, validators, tmp_path / target.name)
            if validators.etag == found.sha256:
                return None
            written = write_body(target, [found.path.read_bytes()], request, {})
            return replace(written, etag=found.sha256)

    def pulled(fails: int | None, *values: int) -> Conditional:
        transport = Conditional(*values, fails=fails)
        nonlocal known
        try:
            known = fetch_parts(
                gho, gho.Options(indicators=("A",)), transport, tmp_path / f"{len(known)}", known
            ).parts
        finally:
            found.append([json.loads(part.path.read_text())["value"][0]["Value"] for part in known])
        return transport

    known: list[SourceFile] = []
    found: list[list[int]] = []
    pulled(None, 1, 2, 3)
    with pytest.raises(SourceError, match="is down"):
        pulled(2, 1, 5, 6)
    folder = tmp_path / "3"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".pull.jsonl", known[1].path.name
    ], "only what is new lies there"
    assert pulled(None, 1, 5, 6).asked == [0, 1, 2]
    assert found == [[1, 2, 3], [1, 2, 3], [1, 5, 6]]


def test_a_stored_fetch_session_is_not_resumed(bank: Bank, tmp_path: Path) -> None:
    """The run was killed between storing the snapshot and removing the folder."""
    bank.pages = 30
    whole = pulled(bank, tmp_path / "pull")
    bank.updated = "2026-08-01"
    stored = tmp_path / "stored"
    shutil.copytree(tmp_path / "pull", stored)
    earlier = Fetched([replace(part, path=stored / part.name) for part in whole.parts], False)
    assert is_whole(bank, pulled(bank, tmp_path / "pull", earlier))
    assert bank.asked == list(range(1, 31))


def test_a_second_update_of_the_same_day_is_seen_by_the_first_page(
    bank: Bank, tmp_path: Path
) -> None:
    bank.pages = 30
    first = pulled(bank, tmp_path / "1")
    bank.first_value = 8
    second = pulled(bank, tmp_path / "2", first)
    assert len(bank.asked) == 30
    assert is_whole(bank, second)


# --- Sources that tell nothing of their state


class Pages:
    """A transport over the pages of a service that tells no edition; some fail."""

    def __init__(self, *values: int, fails: int | None = None) -> None:
        self.values = values
        self.fails = fails
        self.asked: list[int] = []

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile:
        page = int((parse_qs(urlsplit(request.url).query).get("$skip") or ["0"])[0])
        self.asked.append(page)
        if page == self.fails:
            raise SourceError("is down")
        body: dict[str, Any] = {"value": [{"IndicatorCode": "A", "Value": self.values[page]}]}
        if page + 1 < len(self.values):
            body["@odata.nextLink"] = f"https://ghoapi.azureedge.net/api/A?$skip={page + 1}"
        return write_body(target, [json.dumps(body).encode()], request, {})


def pages(transport: Pages, target: Path) -> list[int]:
    kind: SourceProtocol = gho
    found = fetch_parts(kind, gho.Options(indicators=("A",)), transport, target)
    return [json.loads(part.path.read_text())["value"][0]["Value"] for part in found.parts]


def test_without_an_edition_the_last_page_must_be_the_same(tmp_path: Path) -> None:
    for name, values in (("same", (1, 2, 3, 4)), ("changed", (1, 2, 9, 4))):
        with pytest.raises(SourceError, match="is down"):
            pages(Pages(1, 2, 3, 4, fails=3), tmp_path / name)
        going_on = Pages(*values)
        assert pages(going_on, tmp_path / name) == list(values)
        assert going_on.asked == ([2, 3] if name == "same" else [2, 0, 1, 2, 3])


def test_pages_that_do_not_belong_together_are_kept_from_no_next_run(tmp_path: Path) -> None:
    """Nothing was left by an earlier run: the error is raised, and the next run begins anew."""

    class Counts(Pages):
        def send(self, request: Request, validators: Validators, target: Path) -> SourceFile:
            row = {"indicator": {"id": "A"}, "date": "2020"}
            body = json.dumps([{"pages": 1, "total": 2, "page": 1}, [row]])
            return write_body(target, [body.encode()], request, {})

    with pytest.raises(ChangedError, match="announces 2 observations and gives 1"):
        fetch_parts(
            worldbank, worldbank.Options(indicators=("A",)), Counts(), tmp_path / "pull"
        )
    assert not (tmp_path / "pull").exists()




# --- Whatever happens in between


class Editions:
    """The pages of two indicators in memory; dies at a request, and is updated before another."""

    def __init__(self) -> None:
        self.edition = 0
        self.dies_at: int | None = None
        self.updated_at: int | None = None
        self.count = 0

    def begin(self, dies_at: int | None, updated_at: int | None) -> None:
        self.count, self.dies_at, self.updated_at = 0, dies_at, updated_at

    def send(self, request: Request, validators: Validators, target: Path) -> SourceFile:
        self.count += 1
        if self.count == self.updated_at:
            self.edition += 1
        if self.count == self.dies_at:
            raise SourceError("is down")
        page = int(parse_qs(urlsplit(request.url).query)["page"][0])
        row = {"indicator": {"id": "A"}, "date": str(page), "value": self.edition}
        head = {"pages": 3, "total": 3, "page": page, "lastupdated": str(self.edition)}
        return write_body(target, [json.dumps([head, [row]]).encode()], request, {})


RUNS = st.lists(
    st.tuples(st.none() | st.integers(1, 7), st.none() | st.integers(1, 7)), min_size=1, max_size=6
)


@given(RUNS)
@settings(max_examples=50, deadline=None)
def test_what_is_stored_is_whole_and_of_one_edition(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int | None, int | None]]
) -> None:
    folder, source, earlier = tmp_path_factory.mktemp("pull"), Editions(), tuple[SourceFile, ...]()
    options = worldbank.Options(indicators=("A", "B"))
    for number, (dies_at, updated_at) in enumerate([*runs, (None, None)]):
        source.begin(dies_at, updated_at)
        before = source.edition
        try:
            found = fetch_parts(worldbank, options, source, folder / "pull", earlier)
        except SourceError:
            continue
        stored = folder / str(number)  # as a run does that stores a snapshot
        stored.mkdir()
        for part in found.parts:
            shutil.copyfile(part.path, stored / part.name)
        shutil.rmtree(folder / "pull", ignore_errors=True)
        earlier = tuple(replace(part, path=stored / part.name) for part in found.parts)
        assert [part.name for part in earlier] == [
            f"{name}-{page:04d}.json" for name in "ab" for page in (1, 2, 3)
        ]
        values = [json.loads(part.path.read_text())[1][0]["value"] for part in earlier]
        assert len(set(values[:3])) == len(set(values[3:])) == 1
        assert before <= values[5] <= source.edition  # the last page is of this run
    assert earlier
