"""The server, asked by the SDK's own client over standard input and output, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client, StdioServerParameters

from model.errors import PortalError
from portal.mcp.asking.question import FigureQuery
from portal.mcp.server import server
from portal.mcp.tools import Tools
from portal.site.site import Site
from portal.site_folder.published import PublishedSite, SiteChangedError
from tests.fixtures.commands import PROJECT, openindicators
from tests.fixtures.datasets import registries
from tests.fixtures.releases import make_release
from tests.fixtures.site_server import served
from tests.portal.api.conftest import NASTY, hostile

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("search", {"query": "khach quoc te"}),
    ("describe", {"dataset": "finance/gdp", "language": "en"}),
    ("query", {"indicator": "GDP", "place": "Việt Nam", "period": "2023"}),
    ("query", {"indicator": "GDP", "place": "Việt Nam", "period": "2090"}),
    ("compare", {"indicator": "GDP", "places": ["Viet Nam", "Thailand"], "periods": ["2023"]}),
    ("explain", {"indicator": "GDP", "place": "Việt Nam", "period": "2023"}),
    ("changes", {"dataset": "finance/gdp"}),
    ("targets", {"query": "kinh te so", "year": 2030}),
    ("quote_check", {"text": "GDP của Việt Nam năm 2023 là 433,9 tỷ USD."}),
]


def asked(target: Any, calls: list[tuple[str, dict[str, Any]]] = CALLS) -> list[Any]:
    """Return what a server's tools answer, each held against the schema that it declares."""
    async def ask() -> list[Any]:
        async with Client(target) as client:
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            answers = []
            for name, arguments in calls:
                answer = await client.call_tool(name, arguments)
                assert not answer.is_error, answer.content
                jsonschema.validate(answer.structured_content, listed[name].output_schema)
                answers.append(answer.structured_content)
            return answers

    return asyncio.run(ask())


def run(ask: Callable[[Client], Awaitable[Any]], target: Any) -> Any:
    async def connected() -> Any:
        async with Client(target) as client:
            return await ask(client)

    return asyncio.run(connected())


def listing(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_over_standard_input_and_nothing_is_written(folder: Path, tools: Tools) -> None:
    before = listing(folder)
    answers = asked(StdioServerParameters(
        command=sys.executable, cwd=PROJECT,
        args=["-m", "pipelines.cli.main", "mcp", "--site", str(folder)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ))
    figure = answers[2]["series"]["figures"][0]
    assert figure["value"] == pytest.approx(433857681378.291)
    assert answers[2]["series"]["release"] == 2 and "release=2" in figure["address"]
    assert answers[3]["refusal"]["reason"] == "forecast"
    assert answers[8]["numbers"][0]["status"] == "supported"
    assert listing(folder) == before


def test_over_http_of_a_served_site(folder: Path) -> None:
    """The same answers from a site's address, asked over HTTP, with absolute addresses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served(folder) as address:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli.main", "mcp", "--http", str(port), "--site",
             address],
            cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            answers = asked(f"http://127.0.0.1:{port}/mcp")
        finally:
            process.terminate()
            process.wait(20)
        [figure] = answers[2]["series"]["figures"]
        assert figure["address"].startswith(f"{address}/vi/figure.html?dataset=finance%2Fgdp")
        local = asked(server(PublishedSite(str(folder)), "1"))
    assert json.loads(json.dumps(answers).replace(f"{address}/", "")) == local


def test_the_tools_say_that_they_only_read(folder: Path) -> None:
    tools = run(lambda client: client.list_tools(), server(PublishedSite(str(folder)), "1")).tools
    assert {tool.name for tool in tools} == {name for name, _ in CALLS}
    for tool in tools:
        assert tool.annotations.read_only_hint and tool.description and tool.output_schema


def test_arguments_of_the_wrong_kind_are_refused_by_name(folder: Path) -> None:
    made = server(PublishedSite(str(folder)), "1")
    for arguments in ({"indicator": "x" * 300}, {}, {"indicator": "GDP", "release": 0}):
        answer = run(lambda client, a=arguments: client.call_tool("query", a), made)
        assert answer.is_error
        assert "indicator" in answer.content[0].text or "release" in answer.content[0].text


def test_a_file_that_was_changed_is_not_believed(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.html", "*.xlsx", "vendor"))
    path = copy / "datasets/finance/gdp/releases/2/gdp.parquet"
    path.chmod(0o644)
    data = path.read_bytes()
    path.unlink()  # it may be a link to the same bytes elsewhere
    path.write_bytes(data[:-1] + b"x")
    question = FigureQuery("GDP", "Việt Nam", "2023")
    with pytest.raises(SiteChangedError, match="catalogue says"):
        Tools(PublishedSite(str(copy))).query(question)
    answer = run(lambda client: client.call_tool("query", CALLS[2][1]),
                 server(PublishedSite(str(copy)), "1"))
    assert answer.is_error and "releases/2/gdp.parquet" in answer.content[0].text
    path.write_bytes(data)
    assert Tools(PublishedSite(str(copy))).query(question).series
    (copy / "catalogue.json").write_text((copy / "catalogue.json").read_text().replace("a", "b", 1))
    with pytest.raises(PortalError, match="no record"):
        Tools(PublishedSite(str(copy))).query(question)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", registries())
    own, rows = hostile()
    site.apply([make_release(tmp_path / "made", own, rows)])
    made = server(PublishedSite(str(site.folder)), "1")
    described, answered = asked(made, [
        ("describe", {"dataset": own.id, "language": "en"}),
        ("query", {"indicator": "ROOMS", "dataset": own.id, "place": "Đà Nẵng",
                   "breakdown": {"kind": "a,b"}, "language": "en"}),
    ])
    assert described["title"] == f"en {NASTY}"
    [figure] = answered["series"]["figures"]
    assert answered["series"]["indicator"]["name"] == f"en {NASTY}"
    assert "\u202e" not in json.dumps(answered, ensure_ascii=False)  # steers the direction of text
    assert figure["notes"][0].startswith(NASTY) and figure["breakdown"]["kind"]["code"] == "a,b"


def test_help_does_not_import_the_sdk() -> None:
    code = "import sys, pipelines.cli.main as m\ntry: m.app(['--help'], standalone_mode=False)" \
           "\nfinally: print('mcp' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True,
                          check=True)
    assert "quote-check" in said.stdout and said.stdout.endswith("False\n")


def test_the_command_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    said = openindicators(tmp_path, "quote-check", "GDP 2023")
    assert said.code == 1 and "there is no site yet" in said.err
    said = openindicators(tmp_path, "mcp", "--site", str(tmp_path))
    assert said.code == 8 and "catalogue.json" in said.err
    text = "GDP của Việt Nam năm 2023 là 433,9 tỷ USD, năm 2022 là 999 tỷ USD."
    said = openindicators(tmp_path, "quote-check", text, "--site", str(folder))
    assert said.code == 1 and "1 of 2 numbers are supported" in said.out
    assert "figure.html?dataset=finance%2Fgdp" in said.out
    said = openindicators(tmp_path, "quote-check", text, "--site", str(folder), "--json")
    assert [each["status"] for each in said.json["numbers"]] == ["supported", "differs"]
