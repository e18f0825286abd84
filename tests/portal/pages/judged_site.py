"""A site that is judged: its pages, Chromium on a busy machine, and the answers kept of both."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from tests.fixtures.browser import started
from tests.portal.pages import questions

TRIES = 4  # of what a busy machine may break
T = TypeVar("T")


class BrowserError(Exception):
    """Lighthouse measured nothing."""


class PatientBrowser:
    """Chromium, started when it is asked for, and again where it fails."""

    def __init__(self) -> None:
        self.retries = 0
        self._driver: webdriver.Chrome | None = None
        self._slow = False
        self._profile = tempfile.TemporaryDirectory()

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
        if self._driver:
            with suppress(WebDriverException, HTTPError):  # it may have ended by itself
                self._driver.quit()
            self._driver = None

    def driver(self, slow: bool = False) -> webdriver.Chrome:
        """Return the browser, as it is, or with slow processor and network."""
        if self._driver and slow != self._slow:
            self.close()
        if not self._driver:
            profile = tempfile.mkdtemp(dir=self._profile.name)
            self._driver = started(Path(profile), patient=not slow)
            self._driver.set_page_load_timeout(60)
            self._driver.set_script_timeout(120)
            self._slow = slow
            if slow:
                questions.slow(self._driver)
        return self._driver

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


class Answers:
    """What judges said, kept in a file: the last line of a name counts."""

    def __init__(self, file: Path, anew: bool = False) -> None:
        self._file = file
        self._lock = threading.Lock()
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self._kept: dict[str, Any] = {} if anew else dict(map(json.loads, lines))

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def __getitem__(self, name: str) -> Any:
        return self._kept[name]

    def keep(self, name: str, said: Any) -> None:
        """Keep an answer, which JSON can say."""
        line = json.dumps([name, said])
        with self._lock:
            self._kept[name] = json.loads(line)[1]
            with self._file.open("a", encoding="utf-8") as file:
                print(line, file=file)


class Site:
    """A site that is judged: its pages and how each is known, a browser, and the answers."""

    def __init__(self, folder: Path, address: str, answers: Answers) -> None:
        self.folder, self.address, self.answers = folder, address, answers
        self.browser = PatientBrowser()
        self.retries = 0  # of other browsers than this one
        self.pages = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))

    @cached_property
    def digests(self) -> dict[str, str]:
        """Return what each page's content is known by."""
        return {page: sha256((self.folder / page).read_bytes()).hexdigest() for page in self.pages}

    @cached_property
    def looks(self) -> str:
        """Return what the scripts and style sheets of all pages are known by."""
        files = [*self.folder.glob("assets/**/*.css"), *self.folder.glob("assets/**/*.js")]
        return sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()

    @cached_property
    def digest(self) -> str:
        """Return what the site is known by: its pages, scripts and style sheets."""
        every = "".join(f"{page} {digest}\n" for page, digest in self.digests.items())
        return sha256((self.looks + every).encode()).hexdigest()

    def kept(self, name: str, find: Callable[[], Any]) -> Any:
        """Return this site's answer of that name; `find` it where none is kept."""
        if (key := f"{self.digest} {name}") not in self.answers:
            self.answers.keep(key, find())
        return self.answers[key]
