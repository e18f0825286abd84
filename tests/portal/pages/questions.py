"""Questions that people bring to the portal, asked of a site in a real browser.

Each is answered within CLICKS clicks from the search and SECONDS, with a processor four times as
slow and the network that Chromium's developer tools call slow 3G; nothing stands in the console,
and no other host is asked.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CLICKS, SECONDS = 2, 30
LANGUAGES = ("vi", "en")
# https://chromium.googlesource.com/devtools/devtools-frontend, NetworkManager.ts: "3G", once called
# "Slow 3G": 500 kbit/s and 400 ms, as they are felt.
_SLOW_3G = {"offline": False, "latency": 2000, "downloadThroughput": 50_000,
            "uploadThroughput": 50_000}
_FREE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@dataclass(frozen=True)
class Question:
    """A question, how it is asked of the site, and what answers it."""

    ask: str
    clicks: tuple[str, ...]
    says: dict[str, list[str]]
    search: dict[str, str] | str = ""
    choose: tuple[str, ...] = ()
    quick: bool = False

    def typed(self, language: str) -> str:
        """What is typed into the search in a `language`; "" where nothing is."""
        return self.search if isinstance(self.search, str) else self.search[language]


@cache
def questions() -> tuple[Question, ...]:
    """Return the questions of questions.yaml."""
    entries = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))
    return tuple(
        Question(**{**each, "clicks": tuple(each["clicks"]),
                    "choose": tuple(each.get("choose", ()))})
        for each in entries
    )


def slow(browser: webdriver.Chrome, slowly: bool = True) -> None:
    """Make processor and network slow, or as they are."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", _SLOW_3G if slowly else _FREE)
    browser.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 4 if slowly else 1})


def ask(browser: webdriver.Chrome, address: str, question: Question, language: str) -> float:
    """Ask a `question` of the site at an `address` in a `language`; return the seconds it took.

    Raises AssertionError where the answer is not found, takes too long or too many clicks, or
    something is in the console or asked of another host.
    """
    assert len(question.clicks) <= CLICKS, f"{len(question.clicks)} clicks"
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get("about:blank")
    browser.get_log("browser")  # empties it of what earlier pages said
    started = time.monotonic()
    home = f"{address}{language}/index.html"
    browser.get(home)
    _wait(browser, lambda b: b.current_url.startswith(home), "the home page comes")
    if typed := question.typed(language):
        _shown(browser, "#q").send_keys(typed)
    for selector in (*question.clicks, *question.choose):
        _click(browser, selector)
    for text in question.says[language]:
        _wait(browser, lambda b, text=text: text in _readable(b), f"{text!r} can be read")
    seconds = time.monotonic() - started
    assert seconds <= SECONDS, f"took {seconds:.1f} s"
    said = browser.get_log("browser")
    assert said == [], said
    hosts = browser.execute_script(
        "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin)"
    )
    assert set(hosts) <= {address.rstrip("/")}, hosts
    return seconds


def _click(browser: webdriver.Chrome, selector: str) -> None:
    """Click what a `selector` finds as soon as it is shown, and wait for the page it leads to."""
    found = _shown(browser, selector)
    here = browser.current_url
    leads = browser.execute_script(
        "document.getAnimations().forEach((each) => each.finish());"  # nothing moves any more
        "return arguments[0].tagName === 'A' && arguments[0].pathname !== location.pathname", found,
    )

    def clicked(_: webdriver.Chrome) -> bool:
        browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found
        )
        try:
            found.click()
        except ElementClickInterceptedException:  # it moved, as a chart was drawn above it
            return False
        return True

    _wait(browser, clicked, f"{selector} can be clicked")
    if leads:
        _wait(browser, lambda b: b.current_url != here, f"{selector} leads elsewhere")


def _shown(browser: webdriver.Chrome, selector: str) -> Any:
    """Wait until something that a `selector` finds is shown, and return it."""
    def shown(b: webdriver.Chrome) -> Any:
        found = b.find_elements(By.CSS_SELECTOR, selector)
        return next((each for each in found if each.is_displayed()), None)

    return _wait(browser, shown, f"{selector} is shown")


def _readable(browser: webdriver.Chrome) -> str:
    """Return the text that is shown, of fields too."""
    text: str = browser.execute_script(
        "return [document.body?.innerText ?? '',"
        " ...[...document.querySelectorAll('textarea')].filter((e) => e.checkVisibility())"
        ".map(({ value }) => value)].join('\\n')"
    )
    return text.replace("\u00a0", " ")


def _wait(browser: webdriver.Chrome, condition: Any, what: str) -> Any:
    try:
        return WebDriverWait(browser, SECONDS, poll_frequency=0.1).until(condition)
    except TimeoutException as error:
        shown = json.dumps(_readable(browser)[:3000], ensure_ascii=False)
        raise AssertionError(f"{browser.current_url}: not that {what}; shown: {shown}") from error
