"""Failures of HTTP: the words for them, and whether a retry may help."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


class Again(Exception):
    """A temporary failure: why, and how many seconds the source asks to wait."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


def retry_after(headers: dict[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def words_for(error: Exception | None) -> str:
    """Describe an error without the library's own text, which may contain the URL."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "cannot be reached in time"
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    if isinstance(error, httpx.ConnectError):
        secure = "certificate" in str(error).lower() or "ssl" in str(error).lower()
        return "has no trusted certificate" if secure else "cannot be reached"
    if isinstance(error, httpx.RemoteProtocolError):
        return "broke off in the middle of its answer"
    return f"the connection failed ({type(error).__name__})"


def advice_for(status: int) -> str:
    """Return what to do about a status that a retry does not resolve."""
    if status in (401, 403):
        return "the source refuses: check the key, and whether it may be asked from here"
    if status in (404, 410):
        return "check the URL and the codes: the source may have moved them"
    if status in (400, 422):
        return "check the options of the source in the declaration"
    return "try again later; the last good release stays current"
