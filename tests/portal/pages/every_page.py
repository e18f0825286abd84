"""All judges over every page of a site, with one line for each at the end."""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import ceil
from queue import Empty, SimpleQueue
from threading import Thread

from tests.portal.pages import judges
from tests.portal.pages.judged_site import PatientBrowser, Site

SEED = 12
PART = 250  # pages that linkinator looks at in one go: on thousands it ends without an answer
AT_ONCE = 8  # pages that axe looks at before their answers are kept
# Folders and names that say what kind of page is in them; others are names of datasets and places.
_KINDS = {"datasets", "indicators", "places", "quality", "releases", "targets"}
_NAMED = {"index.html", "revisions.html"}


def judge(site: Site, share: str = "100%") -> int:
    """Let every judge look at every page; return how many findings no exception covers.

    `share` is how much of each kind of pages axe looks at, chosen by a seed: a count, or a
    percentage; at least one of each kind but for 0.
    """
    seen = _drawn(site.pages, share)
    linked = [page for page in site.pages if page != "404.html"]
    lines: list[str] = []
    found: list[judges.Finding] = []

    @contextmanager
    def line(name: str, count: int) -> Iterator[None]:
        start, before = time.monotonic(), len(found)
        yield
        left, _ = judges.excepted(found[before:])
        lines.append(f"{name}: {count:,} pages, {len(left)} findings"
                     f" and {len(found) - before - len(left)} exceptions"
                     f" ({time.monotonic() - start:.0f} s)")
        print(lines[-1], flush=True)
        for each in left:
            print(f"  {each.page}: {each.says[:300]}", flush=True)

    with line("size", len(site.pages)):
        found += judges.too_large(site.folder, site.pages)
    with line("vnu", len(site.pages)):
        found += page_by_page(site, "vnu", site.pages, lambda pages: judges.html(
            site.folder, pages))
        found += _together(site, "vnu", "styles", lambda: judges.html(
            site.folder, judges.styles(site.folder)))
    with line("structured-data-testing-tool", len(site.pages)):
        found += page_by_page(site, "structured-data-testing-tool", site.pages, lambda pages: (
            judges.structured_data(site.folder, pages)))
    with line("redocly", 1):
        found += judges.openapi(site.folder)
    with line("linkinator", len(linked)):
        for part in (linked[at:at + PART] for at in range(0, len(linked), PART)):
            found += _together(site, "linkinator", part[0], lambda part=part: (
                site.browser.patiently(lambda: list(judges.links(site.address, part)))))
    with line("axe", len(seen)):
        found += _accessibility(site, seen)
    left, used = judges.excepted(found)
    for entry in judges.exceptions():
        if entry not in used:
            print(f"  not needed here: {entry['judge']}, {entry['page']}: {entry['says']}")
    print(f"\n{site.folder}, {len(site.pages):,} pages:", *lines, sep="\n  ", flush=True)
    return len(left)


def _together(
    site: Site, name: str, part: str, look: Callable[[], Iterable[judges.Finding]]
) -> list[judges.Finding]:
    """Return what a judge says of a part of the site; it looks again where any page changed."""
    said = site.kept(f"{name} {part}", lambda: [(each.page, each.says) for each in look()])
    return [judges.Finding(name, page, says) for page, says in said]


def page_by_page(
    site: Site, name: str, pages: Sequence[str],
    look: Callable[[Sequence[str]], Iterable[judges.Finding]], besides: str = "",
) -> Iterator[judges.Finding]:
    """Yield what a judge says of pages; it looks once at each content that no answer is kept of.

    `besides` stands for what else than its own content a page's answer depends on.
    """
    keys = {page: f"{name} {site.digests[page]}{besides}" for page in pages}
    new = {key: page for page, key in keys.items() if key not in site.answers}
    if new:
        said = defaultdict(list)
        for each in look(sorted(new.values())):
            said[each.page].append(each.says)
        for key, page in new.items():
            site.answers.keep(key, said.pop(page, []))
        assert not said, f"{name} spoke of pages that it was not asked about: {said}"
    for page, key in keys.items():
        yield from (judges.Finding(name, page, says) for says in site.answers[key])


def _accessibility(site: Site, pages: Sequence[str]) -> Iterator[judges.Finding]:
    """Yield what axe says of pages, looked at in a browser on each core."""
    waiting: SimpleQueue[list[str]] = SimpleQueue()
    errors: list[BaseException] = []

    def look(browser: PatientBrowser, part: Sequence[str]) -> list[judges.Finding]:
        return browser.patiently(lambda: list(
            judges.accessibility(browser.driver(), site.address, part)))

    def work() -> None:
        try:
            with PatientBrowser() as browser:
                while not errors:
                    part = waiting.get_nowait()
                    list(page_by_page(site, "axe", part, partial(look, browser), site.looks))
        except Empty:
            pass
        except BaseException as error:
            errors.append(error)
        finally:
            site.retries += browser.retries

    # Each content once: two workers would not know of each other's.
    single = [*{site.digests[page]: page for page in pages}.values()]
    for at in range(0, len(single), AT_ONCE):
        waiting.put(single[at : at + AT_ONCE])
    workers = [Thread(target=work) for _ in range(os.cpu_count() or 1)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    if errors:
        raise errors[0]
    yield from page_by_page(site, "axe", pages, lambda of: [], site.looks)


def _drawn(pages: Iterable[str], share: str) -> list[str]:
    """Return pages of every kind, by a seed: so many, or so many in a hundred, of each.

    First one of each kind, then the second of each: what is interrupted has seen every kind.
    """
    kinds = defaultdict(list)
    for page in pages:
        kinds[_kind(page)].append(page)
    draw = random.Random(SEED)
    drawn: list[tuple[int, str]] = []
    for each in kinds.values():
        number = float(share.removesuffix("%"))
        count = ceil(len(each) * number / 100) if share.endswith("%") else int(number)
        drawn += enumerate(draw.sample(each, min(count, len(each))))
    return [page for _, page in sorted(drawn)]


def _kind(page: str) -> str:
    """Return what kind of page it is: its path without the names of datasets, places and so on."""
    *folders, name = page.split("/")
    kept = [each if at == 0 or each in _KINDS else "*" for at, each in enumerate(folders)]
    return "/".join([*kept, name if len(folders) < 2 or name in _NAMED else "*"])
