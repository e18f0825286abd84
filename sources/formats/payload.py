"""Whether a payload is what it should be: empty files, HTML pages and error bodies are not.

Also the words of a source that a message may quote, bounded and on one line.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from model.errors import ReadError
from sources.limits import HEAD_BYTES, MAX_QUOTED_CHARS

_HTML_START = re.compile(
    rb"\s*(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def quoted(text: str, limit: int = MAX_QUOTED_CHARS) -> str:
    """Return a source's own words on one line, at most `limit` characters, none of them control."""
    one_line = " ".join(text.split())
    shown = "".join(c for c in one_line if not unicodedata.category(c).startswith("C"))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def is_html(head: bytes) -> bool:
    """Whether a payload begins as an HTML page does."""
    return _HTML_START.match(_without_bom(head).replace(b"\0", b"")) is not None


def is_json(head: bytes) -> bool:
    """Whether a payload begins as a JSON object or array does."""
    return _without_bom(head).lstrip().startswith((b"{", b"["))


def html_title(head: bytes) -> str:
    """Return the title of an HTML page, "" when it has none in its beginning."""
    found = _TITLE.search(head.replace(b"\0", b""))
    return quoted(html.unescape(found.group(1).decode("utf-8", "replace"))) if found else ""


def words_of(body: bytes) -> str:
    """Return what an error body says: its message in JSON, its title in HTML, or its text."""
    if is_html(body):
        title = html_title(body)
        return f"an HTML page titled {title!r}" if title else "an HTML page"
    try:
        return message_in(json.loads(body)) or quoted(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return quoted(body.decode("utf-8", "replace"))


def message_in(value: Any) -> str:
    """Return the message in a JSON error body, "" when it has none.

    Knows the World Bank's `[{"message": [{"key", "value"}]}]`, and `message`, `error`, `detail`
    and `title` at the top, as text or as an object with such a field; and CKAN's lists by field.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return ""
    for key in ("message", "Message", "error", "detail", "title"):
        found = value.get(key)
        if isinstance(found, str) and found:
            return quoted(found)
        if isinstance(found, dict):
            said = message_in(found) or _fields_in(found)
            if said:
                return said
        if isinstance(found, list):
            texts = (f"{m.get('key')}: {m.get('value')}" for m in found if isinstance(m, dict))
            unique = list(dict.fromkeys(texts))
            if unique:
                return quoted("; ".join(unique))
    return ""


def saying(value: Any) -> str:
    """Return the message in a JSON body as the end of a sentence: "; it says: …", or ""."""
    said = message_in(value)
    return f"; it says: {said}" if said else ""


def _fields_in(error: dict[str, Any]) -> str:
    """Return CKAN's `{"__type": "Validation Error", field: [what is wrong]}` in words."""
    kind = error.get("__type")
    if not isinstance(kind, str):
        return ""
    wrong = (
        f"{field}: {' '.join(map(str, said)) if isinstance(said, list) else said}"
        for field, said in error.items() if field != "__type"
    )
    return quoted(f"{kind}: {'; '.join(wrong)}")


def check_payload(path: Path, where: str, expected: str) -> bytes:
    """Check that a payload can be data, and return its first bytes.

    Args:
        path: the payload.
        where: its name, for messages.
        expected: what it should be, e.g. "CSV".

    Raises:
        ReadError: cannot be read, is empty, or is an HTML page.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            more = file.read(1)
    except OSError as error:
        raise ReadError(
            f"cannot be read: {error.strerror}", where=where, todo="check the file"
        ) from error
    if not head:
        raise ReadError(
            "is empty (0 bytes)", where=where, todo="fetch it again, or ask the publisher"
        )
    if not more and not _without_bom(head).strip(b"\0 \t\r\n"):
        raise ReadError(
            "contains only blanks or a byte order mark", where=where,
            todo="fetch it again, or ask the publisher",
        )
    if is_html(head):
        title = html_title(head)
        raise ReadError(
            f"is an HTML page, not {expected}" + (f" (its title: {title!r})" if title else ""),
            where=where, todo="open the URL in a browser: it may have moved or require a login",
        )
    return head


def _without_bom(data: bytes) -> bytes:
    for bom in _BOMS:
        data = data.removeprefix(bom)
    return data
