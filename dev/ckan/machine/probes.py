"""HTTP requests to our own services, never through a proxy."""

from __future__ import annotations

import urllib.error
import urllib.request

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str, timeout: float = 30) -> str | None:
    """Return the body of a service's response, None on an error or without a response."""
    try:
        with _DIRECT.open(url, timeout=timeout) as response:
            return str(response.read().decode(errors="replace"))
    except (OSError, urllib.error.HTTPError):
        return None
