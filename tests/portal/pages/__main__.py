"""Judge every page of sites, ask every question of them, and let Lighthouse look: `make pages`.

    python -m tests.portal.pages SITE… [--only judges|questions|lighthouse]… [--axe PAGES] [--anew]

Without --only, all three; questions are asked, and pages measured, of a site that has them: the
sample's. Axe takes seconds of processor time for a page: with --axe, it looks at so many of each
kind, chosen by a seed, instead of all. Each answer is kept beside the judges until the site
changes: what was interrupted goes on where it was, --anew begins again. What fails on a busy
machine is asked again with a fresh Chromium, and how often is said. Ends with 1 where something is
found that exceptions.yaml does not cover.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self, TypeVar

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from tests.fixtures.browser import CHROMIUM, started
from tests.fixtures.site_server import served
from tests.portal.pages import judges, questions, tools

SEED = 12
LEAST, RUNS = 95, 3  # of Lighthouse's scores; measurements, of which the median counts
TRIES = 4  # of what a busy machine may break
PART = 250  # pages that linkinator looks at in one go
TYPES = (
    "vi/index.html", "vi/industry/retail_trade.html", "vi/places/vn/22.html",
    "vi/indicators/population.html", "vi/quality.html",
    "vi/explorer.html?dataset=industry/retail_trade",
)
# Folders and names that say what kind of page is in them; others are names of datasets and places.
_KINDS = {"datasets", "indicators", "places", "quality", "releases", "targets"}
_NAMED = {"index.html", "revisions.html"}
T = TypeVar("T")


def main() -> int:
    """Judge, ask and measure; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    steps: dict[str, Callable[[Site], int]] = {
        "judges": judge, "questions": ask, "lighthouse": measure,
    }
    parser.add_argument("sites", nargs="+", type=Path, metavar="SITE")
    parser.add_argument("--only", action="append", choices=list(steps))
    parser.add_argument("--axe", type=int, metavar="PAGES")
    parser.add_argument("--anew", action="store_true")
    args = parser.parse_args()
    tools.install(every=True)
    bad = 0
    for folder in args.sites:
        with served(folder) as address, Site(folder.resolve(), f"{address}/", args) as site:
            print(f"{folder}: {len(site.pages):,} pages", flush=True)
            bad += sum(steps[name](site) for name in args.only or steps)
            print(f"{site.retries} answers were asked for again", flush=True)
    return int(bad > 0)


class Site:
    """A site that is judged: its pages, a browser, and the answers that are kept of it."""

    def __init__(self, folder: Path, address: str, args: argparse.Namespace) -> None:
        self.folder, self.address, self.axe = folder, address, args.axe
        self.pages = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
        self.retries = 0
        self._browser: webdriver.Chrome | None = None
        self._slow = False
        self._profile = tempfile.TemporaryDirectory()
        shown = [*folder.rglob("*.html"), *folder.glob("assets/**/*.css"),
                 *folder.glob("assets/**/*.js")]
        digest = sha256(b"".join(sha256(path.read_bytes()).digest() for path in sorted(shown)))
        self._file = tools.folder(every=True) / f"answers-{digest.hexdigest()[:16]}.jsonl"
        if args.anew:
            self._file.unlink(missing_ok=True)
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        self._kept: dict[str, Any] = dict(map(json.loads, lines))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
        self._profile.cleanup()

    def close(self) -> None:
        """End the browser, if there is one."""
        if self._browser:
            with suppress(WebDriverException, HTTPError):  # it may have ended by itself
                self._browser.quit()
            self._browser = None

    def kept(self, name: str, find: Callable[[], Any]) -> Any:
        """Return the answer of that name; `find` it, as JSON can say it, where none is kept."""
        if name not in self._kept:
            self._kept[name] = json.loads(json.dumps(find()))
            with self._file.open("a", encoding="utf-8") as file:
                print(json.dumps([name, self._kept[name]]), file=file)
        return self._kept[name]

    def browser(self, slow: bool = False) -> webdriver.Chrome:
        """Return the browser, as it is, or with slow processor and network."""
        if self._browser and slow != self._slow:
            self.close()
        if not self._browser:
            profile = tempfile.mkdtemp(dir=self._profile.name)
            self._browser = started(Path(profile), patient=not slow)
            self._browser.set_page_load_timeout(60)
            self._browser.set_script_timeout(120)
            self._slow = slow
            if slow:
                questions.slow(self._browser)
        return self._browser

    def patiently(self, work: Callable[[], T]) -> T:
        """Do work that a busy machine may break, again with a fresh browser where it fails.

        Raises the last error after TRIES.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return work()
            except (WebDriverException, HTTPError, BrowserError, AssertionError) as error:
                self.close()
                if attempt == TRIES:
                    raise
                self.retries += 1
                print(f"  again: {str(error).splitlines()[0][:200]}", flush=True)
        raise AssertionError


class BrowserError(Exception):
    """Lighthouse measured nothing."""


def judge(site: Site) -> int:
    """Let every judge look at every page; return how many findings no exception covers."""
    kinds = defaultdict(list)
    for page in site.pages:
        kinds[_kind(page)].append(page)
    draw = random.Random(SEED)
    seen = sorted(chain.from_iterable(
        draw.sample(pages, min(site.axe or len(pages), len(pages))) for pages in kinds.values()
    ))
    found: list[judges.Finding] = []

    def look(name: str, say: Callable[[], Iterable[judges.Finding]], count: int = 0) -> None:
        start, before = time.monotonic(), len(found)
        said = site.kept(name, lambda: [[each.judge, each.page, each.says] for each in say()])
        found.extend(judges.Finding(*each) for each in said)
        if count:
            print(f"{name}: {len(found) - before} findings on {count:,} pages, "
                  f"{time.monotonic() - start:.0f} s", flush=True)

    def axe(page: str) -> list[judges.Finding]:
        return site.patiently(lambda: list(
            judges.accessibility(site.browser(), site.address, [page])
        ))

    every = len(site.pages)
    look("budget", lambda: judges.too_large(site.folder, site.pages), every)
    look("vnu", lambda: judges.html(site.folder, site.pages), every)
    look("structured-data-testing-tool",
         lambda: judges.structured_data(site.folder, site.pages), every)
    look("redocly", lambda: judges.openapi(site.folder), 1)
    # In parts: on some thousand pages at once it ends before it has an answer.
    linked = [page for page in site.pages if page != "404.html"]
    start, before = time.monotonic(), len(found)
    for part in (linked[at:at + PART] for at in range(0, len(linked), PART)):
        look(f"linkinator {part[0]}", lambda part=part: site.patiently(
            lambda: list(judges.links(site.address, part))))
    print(f"linkinator: {len(found) - before} findings on {len(linked):,} pages, "
          f"{time.monotonic() - start:.0f} s", flush=True)
    start, before = time.monotonic(), len(found)
    for page in seen:
        look(f"axe {page}", lambda page=page: axe(page))
    print(f"axe: {len(found) - before} findings on {len(seen):,} pages, "
          f"{time.monotonic() - start:.0f} s", flush=True)
    left, used = judges.excepted(found)
    for each in left:
        print(f"  {each.judge}, {each.page}: {each.says[:300]}")
    for entry in judges.exceptions():
        if entry not in used:
            print(f"  not needed here: {entry['judge']}, {entry['page']}: {entry['says']}")
    print(f"{len(found) - len(left)} findings are exceptions with a reason")
    return len(left)


def ask(site: Site) -> int:
    """Ask every question in each language and width, slowly; return how many are not answered."""
    if not _is_sample(site):
        return 0
    failed, slowest = 0, 0.0
    for width in judges.WIDTHS:
        for each in questions.questions():
            for language in questions.LANGUAGES:
                seconds, why = site.kept(
                    f"question {width} {language} {each.ask}",
                    lambda width=width, each=each, language=language: site.patiently(
                        lambda: _asked(site, each, language, width)
                    ),
                )
                slowest, failed = max(slowest, seconds), failed + bool(why)
                print(f"{width} {language} {seconds:5.1f} s {each.ask}{why and f' FAILED: {why}'}",
                      flush=True)
    print(f"slowest {slowest:.1f} s, {failed} not answered")
    return failed


def _asked(
    site: Site, question: questions.Question, language: str, width: int
) -> tuple[float, str]:
    """Ask a question; return the seconds that it took, and why it is not answered, or ""."""
    browser = site.browser(slow=True)
    judges.resize(browser, width)
    try:
        return questions.ask(browser, site.address, question, language), ""
    except AssertionError as error:
        browser.get_log("browser")
        return 0.0, str(error)


def measure(site: Site) -> int:
    """Let Lighthouse measure a page of each type; return how many have a score below LEAST."""
    if not _is_sample(site):
        return 0
    site.close()
    low = 0
    for page in TYPES:
        found = [
            site.kept(f"lighthouse {page} {run}",
                      lambda page=page: site.patiently(lambda: _measured(site.address + page)))
            for run in range(RUNS)
        ]
        middle = {name: median(each[name] for each in found) for name in found[0]}
        paint = middle.pop("LCP")
        low += min(middle.values()) < LEAST
        print(f"{page}: {json.dumps(middle)}, LCP {paint:.2f} s", flush=True)
    return low


def _measured(address: str) -> dict[str, float]:
    """Return a page's scores by Lighthouse, and when its largest part is painted (seconds).

    Raises BrowserError where it measured nothing, as it does on a busy machine.
    """
    report = tools.parsed(tools.run_node(
        tools.package("lighthouse") / "cli" / "index.js", address, "--quiet", "--output=json",
        "--chrome-flags=--headless --no-sandbox --disable-gpu",
        env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
    ), "lighthouse")
    if wrong := report.get("runtimeError"):
        raise BrowserError(f"Lighthouse: {wrong['code']}")
    scores = {name: round(100 * each["score"]) for name, each in report["categories"].items()}
    paint = report["audits"]["largest-contentful-paint"]["numericValue"] / 1000
    return {**scores, "LCP": paint}


def _is_sample(site: Site) -> bool:
    """Whether a site has the pages that questions.yaml asks and TYPES names."""
    return all((site.folder / page.partition("?")[0]).exists() for page in TYPES)


def _kind(page: str) -> str:
    """Return what kind of page it is: its path without the names of datasets, places and so on."""
    *folders, name = page.split("/")
    kept = [each if at == 0 or each in _KINDS else "*" for at, each in enumerate(folders)]
    return "/".join([*kept, name if len(folders) < 2 or name in _NAMED else "*"])


if __name__ == "__main__":
    sys.exit(main())
