"""Atom feeds (RFC 4287): of what failed, and of releases.

Written with the standard library: feedgen 1.0 loses `rel` and `type` of an entry's links.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from xml.etree.ElementTree import Element, SubElement, indent, tostring

# Characters that XML 1.0 excludes (https://www.w3.org/TR/xml/#charsets); data may hold them.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM = "application/atom+xml"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Link:
    """A link of a feed or an entry: where it leads, as what, to which media type if any."""

    href: str
    rel: str = "alternate"
    type: str = "text/html"


@dataclass(frozen=True)
class Entry:
    """An entry of a feed."""

    id: str
    title: str
    updated: datetime
    text: str
    category: str
    links: tuple[Link, ...] = ()


def feed(
    id: str, title: str, language: str, entries: Sequence[Entry], links: Sequence[Link]
) -> str:
    """Return a feed of `entries`, newest first, with its `id`, `title` and `links`.

    All texts are in one `language`; the same entries give the same bytes.
    """
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    updated = entries[0].updated if entries else _EPOCH
    _texts(root, id=id, title=title, updated=updated.isoformat(), generator="OpenIndicators")
    _texts(SubElement(root, "author"), name="OpenIndicators")
    _links(root, links)
    indent(root)
    head = tostring(root, encoding="unicode").removesuffix("</feed>")
    members = "".join(f"  {_entry(each)}\n" for each in entries)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{members}</feed>\n'


@lru_cache(maxsize=10_000)
def _entry(each: Entry) -> str:
    """Return an entry as a feed has it; a release is in those of all its places."""
    entry = Element("entry")
    _texts(entry, id=each.id, title=each.title, updated=each.updated.isoformat())
    SubElement(entry, "category", {"term": each.category})
    _links(entry, each.links)
    # The content, not a summary: that would need an alternate (RFC 4287, 4.1.2).
    _texts(entry, content=each.text)
    indent(entry, level=1)
    return tostring(entry, encoding="unicode").rstrip()


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = xml_text(text)


def _links(parent: Element, links: Sequence[Link]) -> None:
    for link in links:
        SubElement(parent, "link", {
            name: value for name, value in vars(link).items() if value
        })


def xml_text(text: str) -> str:
    """Return text without characters that XML excludes."""
    return _NOT_IN_XML.sub("\ufffd", text)
