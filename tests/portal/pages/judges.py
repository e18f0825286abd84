"""What independent judges say of the pages of a site: findings, none of them ours."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from selenium import webdriver

from tests.portal.pages.tools import java, package, parsed, run_node

BUDGET = 100_000  # bytes of a page's HTML, before the explorer
WIDTHS = (360, 1440)
# Layout depends on the width, and colours on the scheme: two looks see all of both.
LOOKS = ((360, "light"), (1440, "dark"))
HERE = Path(__file__).resolve().parent
_STRUCTURED = HERE / "structured_data.js"


@dataclass(frozen=True)
class Finding:
    """What a judge finds wrong with a page."""

    judge: str
    page: str
    says: str


@cache
def exceptions() -> tuple[dict[str, str], ...]:
    """Return the entries of exceptions.yaml."""
    return tuple(yaml.safe_load((HERE / "exceptions.yaml").read_text(encoding="utf-8")))


def excepted(found: Iterable[Finding]) -> tuple[list[Finding], list[dict[str, str]]]:
    """Return the findings that no exception covers, and the exceptions that cover something."""
    left, used = [], []
    for each in found:
        covering = [
            entry for entry in exceptions()
            if entry["judge"] == each.judge and entry["says"] in each.says
            and fnmatch(each.page, entry["page"])
        ]
        used += covering
        if not covering:
            left.append(each)
    return left, [entry for entry in exceptions() if entry in used]


def too_large(site: Path, pages: Iterable[str]) -> Iterator[Finding]:
    """Yield the pages that are larger than BUDGET."""
    for page in pages:
        size = (site / page).stat().st_size
        if size > BUDGET:
            yield Finding("budget", page, f"{size:,} bytes, more than {BUDGET:,}")


def styles(site: Path) -> list[str]:
    """Return the style sheets and SVG pictures of a site, which the Nu Html Checker knows, too."""
    return [
        path.relative_to(site).as_posix() for end in ("css", "svg")
        for path in sorted(site.glob(f"assets/**/*.{end}"))
    ]


def html(site: Path, paths: Sequence[str]) -> Iterator[Finding]:
    """Yield what the Nu Html Checker says of pages, style sheets and SVG pictures."""
    jar = package("vnu-jar") / "build" / "dist" / "vnu.jar"
    # A path of the site: its last part of what the checker calls it. A command takes 2 MB of names.
    for part in (paths[at:at + 5_000] for at in range(0, len(paths), 5_000)):
        done = subprocess.run(
            [java(), "-Xss4m", "-jar", jar, "--also-check-css", "--also-check-svg", "--stdout",
             "--format", "json", *part],
            cwd=site, capture_output=True, text=True, check=False,
        )
        for message in parsed(done, "vnu")["messages"]:
            page = unquote(message.get("url", "")).removeprefix(f"file:{site.resolve()}/")
            at = f"{message['message']} ({message.get('lastLine')})"
            yield Finding("vnu", page, at)


def links(address: str, pages: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield the links that lead nowhere, of the site served at an `address`.

    Of all pages that are found from its start, or of some `pages`.
    """
    where = [address + page for page in pages] or [address, "--recurse"]
    done = run_node(
        package("linkinator") / "build" / "src" / "cli.js", *where,
        "--format", "json", "--check-fragments", "--check-css", "--concurrency", "8",
        "--retry-errors", "--verbosity", "error",
        # Of other hosts nothing is asked; what a page makes of its query is no other page.
        "--skip", rf"^(?!{re.escape(address)})", "--skip", r"\.html\?",
    )
    for each in parsed(done, "linkinator")["links"]:
        if each["state"] == "BROKEN":
            page = str(each.get("parent", "")).removeprefix(address)
            yield Finding("linkinator", page, f"{each['url']}: {each['status']}")


def structured_data(site: Path, pages: Sequence[str]) -> Iterator[Finding]:
    """Yield what structured-data-testing-tool misses in the pages' schema.org."""
    done = run_node(
        _STRUCTURED, package("structured-data-testing-tool"), site, input="\n".join(pages)
    )
    for page, says in parsed(done, "structured-data-testing-tool"):
        yield Finding("structured-data-testing-tool", page, says)


def openapi(site: Path) -> Iterator[Finding]:
    """Yield what redocly says of the description of the static API."""
    done = run_node(
        package("@redocly/cli") / "bin" / "cli.js", "lint", "--format=json",
        site / "api" / "openapi.json",
    )
    for each in parsed(done, "redocly")["problems"]:
        yield Finding("redocly", "api/openapi.json", f"{each['ruleId']}: {each['message']}")


def accessibility(
    browser: webdriver.Chrome, address: str, pages: Iterable[str],
    looks: Iterable[tuple[int, str]] = LOOKS,
) -> Iterator[Finding]:
    """Yield what axe-core says of `pages` of the site at an `address`.

    `looks` are widths in pixels, each with the colour scheme that the reader prefers. The next page
    is loaded in the last look of the one before: a tenth less time than to lay it out once more.
    """
    axe = (package("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    order, current = [*looks], None
    for page in pages:
        browser.get(address + page)
        browser.execute_script(axe)
        for width, scheme in order:
            if (width, scheme) != current:
                resize(browser, width)
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                    "features": [{"name": "prefers-color-scheme", "value": scheme}],
                })
                current = width, scheme
            for each in _violations(browser):
                yield Finding("axe", page, f"{each['id']} at {width} px, {scheme}: {each['nodes']}")
        order.reverse()
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def resize(browser: webdriver.Chrome, width: int) -> None:
    """Give the browser's page a width in pixels."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False,
    })


def _violations(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    return json.loads(browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        document.getAnimations().forEach((each) => each.finish()); // all is laid out
        const rules = { "target-size": { enabled: true } }; // of WCAG 2.2 AA, off by default
        // Nothing loaded for rules on media, and no selectors made: a third less time.
        const options = { rules, resultTypes: ["violations"], preload: false, selectors: false };
        axe.run(document, options).then(
          ({ violations }) => done(JSON.stringify(violations.map(({ id, nodes }) => (
            { id, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))),
          (error) => done(JSON.stringify([{ id: String(error), nodes: [] }])));
        """))
