"""Judge every page of a site, ask every question of it, and let Lighthouse look: `make pages`.

    python -m tests.portal.pages SITE [judges] [questions] [lighthouse] [--sample PAGES]

Without names, all three. Axe takes a second of processor time for a page: with --sample, it looks
at so many, chosen by a seed, instead of all. Ends with 1 where something is found that
exceptions.yaml does not cover.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from selenium import webdriver

from tests.fixtures.browser import CHROMIUM, started
from tests.fixtures.site_server import served
from tests.portal.pages import judges, questions, tools

SEED = 12
LEAST, RUNS = 95, 3  # of Lighthouse's scores; measurements, of which the median counts
TYPES = (
    "vi/index.html", "vi/industry/retail_trade.html", "vi/places/vn/22.html",
    "vi/indicators/population.html", "vi/quality.html",
    "vi/explorer.html?dataset=industry/retail_trade",
)


def main() -> int:
    """Judge, ask and measure; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("what", nargs="*", metavar="judges, questions, lighthouse")
    parser.add_argument("--sample", type=int, metavar="PAGES")
    args = parser.parse_args()
    tools.install(every=True)
    site: Path = args.site.resolve()
    steps: dict[str, Callable[[Path, str], int]] = {
        "judges": partial(judge, sample=args.sample), "questions": ask, "lighthouse": measure,
    }
    with served(site) as address:
        bad = [steps[name](site, f"{address}/") for name in args.what or steps]
    return int(any(bad))


def judge(site: Path, address: str, sample: int | None = None) -> int:
    """Let every judge look at every page; return how many findings no exception covers.

    Axe looks at a `sample` of so many pages, if one is asked for.
    """
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    seen = sorted(random.Random(SEED).sample(pages, min(sample or len(pages), len(pages))))
    found: list[judges.Finding] = []

    def look(name: str, said: Iterable[judges.Finding], count: int = 0) -> None:
        start, before = time.monotonic(), len(found)
        found.extend(said)
        print(f"{name}: {len(found) - before} findings on {count or len(pages):,} pages, "
              f"{time.monotonic() - start:.0f} s", flush=True)

    look("budget", judges.too_large(site, pages))
    look("vnu", judges.html(site, pages))
    look("structured-data-testing-tool", judges.structured_data(site, pages))
    look("redocly", judges.openapi(site))
    look("linkinator", judges.links(address))
    with _browser() as browser:
        look("axe", judges.accessibility(browser, address, seen), len(seen))
    left, used = judges.excepted(found)
    for each in left:
        print(f"  {each.judge}, {each.page}: {each.says[:300]}")
    for entry in judges.exceptions():
        if entry not in used:
            print(f"  no longer needed: {entry}")
    print(f"{len(found) - len(left)} findings are exceptions with a reason")
    return len(left)


def ask(_: Path, address: str) -> int:
    """Ask every question in each language and width, slowly; return how many are not answered."""
    failed, slowest = 0, 0.0
    with _browser() as browser:
        questions.slow(browser)
        for width in judges.WIDTHS:
            judges.resize(browser, width)
            for each in questions.questions():
                for language in questions.LANGUAGES:
                    try:
                        seconds = questions.ask(browser, address, each, language)
                    except AssertionError as error:
                        failed += 1
                        print(f"{width} {language} FAILED {each.ask}\n  {error}", flush=True)
                        browser.get_log("browser")
                    else:
                        slowest = max(slowest, seconds)
                        print(f"{width} {language} {seconds:5.1f} s {each.ask}", flush=True)
    print(f"slowest {slowest:.1f} s, {failed} not answered")
    return failed


def measure(_: Path, address: str) -> int:
    """Let Lighthouse measure a page of each type; return how many have a score below LEAST."""
    cli = tools.package("lighthouse") / "cli" / "index.js"
    low = 0
    for page in TYPES:
        reports = [
            tools.parsed(tools.run_node(
                cli, address + page, "--quiet", "--output=json",
                "--chrome-flags=--headless --no-sandbox --disable-gpu",
                env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
            ), "lighthouse")
            for _ in range(RUNS)
        ]
        scores = {
            name: round(100 * median(r["categories"][name]["score"] or 0 for r in reports))
            for name in reports[0]["categories"]
        }
        paint = median(
            r["audits"]["largest-contentful-paint"]["numericValue"] / 1000 for r in reports
        )
        low += min(scores.values()) < LEAST
        print(f"{page}: {json.dumps(scores)}, LCP {paint:.2f} s", flush=True)
    return low


@contextmanager
def _browser() -> Iterator[webdriver.Chrome]:
    with tempfile.TemporaryDirectory() as profile:
        browser = started(Path(profile))
        try:
            yield browser
        finally:
            browser.quit()


if __name__ == "__main__":
    sys.exit(main())
