"""Judge every page of sites, ask every question of them, and let Lighthouse look: `make pages`.

    python -m tests.portal.pages SITE… [--only judges|questions|lighthouse]… [--axe SHARE] [--anew]

Without --only, all three; questions are asked, and pages measured, of a site that has them: the
sample's. The judges end with a line for each. Axe takes about a second of processor time for a
page: with --axe, it looks at so many of each kind (50, 30%, 0), chosen by a seed, instead of all.
Each answer is kept beside the judges for as long as the page stays as it is: what was interrupted
goes on where it was, --anew begins again. What fails on a busy machine is asked again with a fresh
Chromium, and how often is said. Ends with 1 where something is found that exceptions.yaml does not
cover.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.fixtures.browser import CHROMIUM
from tests.fixtures.site_server import served
from tests.portal.pages import judges, questions, tools
from tests.portal.pages.every_page import judge
from tests.portal.pages.judged_site import Answers, BrowserError, Site

LEAST, RUNS = 95, 3  # of Lighthouse's scores; measurements, of which the median counts
TYPES = (
    "vi/index.html", "vi/industry/retail_trade.html", "vi/places/vn/22.html",
    "vi/indicators/population.html", "vi/quality.html",
    "vi/explorer.html?dataset=industry/retail_trade",
)


def main() -> int:
    """Judge, ask and measure; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    steps: dict[str, Callable[[Site], int]] = {
        "judges": lambda site: judge(site, args.axe), "questions": ask, "lighthouse": measure,
    }
    parser.add_argument("sites", nargs="+", type=Path, metavar="SITE")
    parser.add_argument("--only", action="append", choices=list(steps))
    parser.add_argument("--axe", default="100%", metavar="SHARE")
    parser.add_argument("--anew", action="store_true")
    args = parser.parse_args()
    tools.install(every=True)
    answers = Answers(tools.answers(), args.anew)
    bad = 0
    for folder in args.sites:
        with served(folder) as address:
            site = Site(folder.resolve(), f"{address}/", answers)
            print(f"{folder}: {len(site.pages):,} pages", flush=True)
            with site.browser:
                bad += sum(steps[name](site) for name in args.only or steps)
            print(f"{site.retries + site.browser.retries} answers were asked for again", flush=True)
    return int(bad > 0)


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
                    lambda width=width, each=each, language=language: site.browser.patiently(
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
    browser = site.browser.driver(slow=True)
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
    site.browser.close()
    low = 0
    for page in TYPES:
        found = [
            site.kept(f"lighthouse {page} {run}", lambda page=page: site.browser.patiently(
                lambda: _measured(site.address + page)))
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


if __name__ == "__main__":
    sys.exit(main())
