"""Asking the services over HTTP, never through a proxy."""

from __future__ import annotations

import urllib.error
import urllib.request

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str, timeout: float = 30) -> str | None:
    """Return what a service of ours answers, or None when it gives no answer or an error."""
    try:
        with _DIRECT.open(url, timeout=timeout) as answer:
            return str(answer.read().decode(errors="replace"))
    except (OSError, urllib.error.HTTPError):
        return None
