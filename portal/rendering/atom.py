"""Atom feeds (RFC 4287): of what failed, and of releases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

# Characters that XML 1.0 excludes (https://www.w3.org/TR/xml/#charsets); data may hold them.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM = "application/atom+xml"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Link:
    """A link of a feed or an entry: where it leads, as what, to which media type."""

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
    made = FeedGenerator()
    made.id(id)
    made.title(xml_text(title))
    made.language(language)
    made.updated(entries[0].updated if entries else _EPOCH)
    made.author(name="OpenIndicators")
    made.generator("OpenIndicators")
    for link in links:
        made.link(rel=link.rel, type=link.type, href=link.href)
    for each in entries:
        entry = made.add_entry(order="append")
        entry.id(each.id)
        entry.title(xml_text(each.title))
        entry.updated(each.updated)
        entry.category(term=each.category)
        for link in each.links:
            entry.link(rel=link.rel, type=link.type, href=link.href)
        # The content, not a summary: that would need an alternate (RFC 4287, 4.1.2).
        entry.content(xml_text(each.text), type="text")
    return str(made.atom_str(pretty=True), "utf-8")


def xml_text(text: str) -> str:
    """Return text without characters that XML excludes."""
    return _NOT_IN_XML.sub("\ufffd", text)
