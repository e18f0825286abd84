"""URLs without secrets, for messages and records."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_SECRET_NAME = re.compile(
    r"(^|[-_.])(key|token|auth|authorization|sig|signature|pwd|pass|credentials?)$"
    r"|apikey|accesskey|accesstoken|password|passwd|secret",
    re.IGNORECASE,
)


def safe_url(url: str) -> str:
    """Return `url` without user, password, fragment, and parameters that carry secrets."""
    if url.startswith("file:"):
        return url
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return "(a URL that cannot be read)"
    if any(_SECRET_NAME.search(name) for name, _ in query):
        kept = [(name, value) for name, value in query if not _SECRET_NAME.search(name)]
        parts = parts._replace(query=urlencode(kept))
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


def without_secrets(text: str, url: str, others: Iterable[str] = ()) -> str:
    """Return a source's words (`text`) without secrets that it may repeat.

    These are the `url`'s, and `others`.
    """
    try:
        parts = urlsplit(url)
        found = [*others]
        found += [value for key, value in parse_qsl(parts.query) if _SECRET_NAME.search(key)]
        found.append(unquote(parts.password or ""))
    except ValueError:
        return text
    for secret in filter(None, found):
        text = text.replace(secret, "…").replace(quote(secret), "…")
    return text


def host_of(url: str) -> str:
    """Return the lower-case host of a URL, "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def file_url(path: str) -> str:
    """Return the `file:` URL of a path relative to a folder's root."""
    return "file:" + quote(path)


def path_of_file_url(url: str) -> str:
    """Return the relative path that a `file:` URL names."""
    return unquote(url.removeprefix("file:"))
