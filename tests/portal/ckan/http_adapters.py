"""Adapters of requests for tests: scripted responses, counted requests, lost responses."""

from __future__ import annotations

import json as json_module
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter


def response(
    status: int, *, text: str = "", json: Any = None, headers: dict[str, str] | None = None
) -> requests.Response:
    """Return a response as if it had been received."""
    found = requests.Response()
    found.status_code = status
    found.headers.update(headers or {})
    found._content = (text if json is None else json_module.dumps(json)).encode()
    found._content_consumed = True
    return found


class ScriptedAdapter(BaseAdapter):
    """Gives the responses of a list, one after the other; raises what is an exception."""

    def __init__(self, answers: Iterable[requests.Response | Exception]) -> None:
        super().__init__()
        self.left = list(answers)

    def send(self, request, **_):
        found = self.left.pop(0)
        if isinstance(found, Exception):
            raise found
        found.request, found.url = request, request.url
        return found

    def close(self):
        pass


class ObservedAdapter(HTTPAdapter):
    """Calls a function before each request and after each response."""

    def __init__(self, observe: Callable[[], None]) -> None:
        super().__init__()
        self.observe = observe

    def send(self, request, **options):
        self.observe()
        found = super().send(request, **options)
        self.observe()
        return found


class CountingAdapter(HTTPAdapter):
    """Counts requests by action."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def send(self, request, **options):
        path = request.path_url
        self.calls[path.rsplit("/", 1)[-1] if "/action/" in path else "download"] += 1
        return super().send(request, **options)


class FaultyAdapter(HTTPAdapter):
    """Loses responses after CKAN has acted, and requests before, by a plan."""

    def __init__(self, plan: Iterable[str | int | None]) -> None:
        super().__init__()
        self.plan, self.lock = list(plan), threading.Lock()

    def send(self, request, **options):
        with self.lock:
            fault = self.plan.pop(0) if self.plan else None
        if fault == "lost request":
            raise requests.ConnectionError("refused")
        found = super().send(request, **options)
        if fault == "lost answer":
            assert found.content
            raise requests.ReadTimeout("timed out")
        if fault in (502, 504):
            assert found.content
            return response(fault, text="<html>Bad gateway</html>")
        if fault == "cut":
            return response(200, text=found.content[:-20].decode(errors="replace"))
        if fault == 413:
            return response(413, text="too large")
        return found
