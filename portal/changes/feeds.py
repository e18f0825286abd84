"""Atom feeds of releases: what there is to subscribe to, each entry with its change set."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from heapq import nlargest
from operator import attrgetter

from model.records.release import Changes
from model.reference.city import city
from model.util.text import LocalizedText
from portal.changes.change_set import FILE, in_words
from portal.metadata.identifiers import feed_urn, release_urn
from portal.rendering.atom import ATOM, Entry, Link, feed

ENTRIES, FEW = 50, 20  # of a feed; of one of very many
NAME = "releases.{language}.atom"  # in a dataset's folder


def feeds_of(dataset: str, language: str) -> tuple[str, str, str]:
    """Return the paths of the feeds in a `language` that tell of a `dataset`.

    Its own, its sector's, and that of all datasets.
    """
    own, sector = NAME.format(language=language), dataset.partition("/")[0]
    return (
        f"datasets/{dataset}/{own}", f"{language}/{sector}/releases.atom",
        f"{language}/releases.atom",
    )


@dataclass(frozen=True)
class ReleaseNews:
    """A release as a feed tells of it."""

    dataset: str
    title: LocalizedText
    number: int
    version: str
    issued: datetime
    reason: str
    changes: Changes

    @cached_property
    def order(self) -> tuple[float, str, int]:
        """What feeds are sorted by."""
        return self.issued.timestamp(), self.dataset, self.number

    @cached_property
    def said(self) -> LocalizedText:
        """What it changed, in words."""
        return in_words(self.reason, self.changes)


def release_feed(
    path: str, title: LocalizedText, news: Iterable[ReleaseNews], language: str,
    base_url: str | None, pushed: bool = True,
) -> bytes:
    """Return the feed of some releases (`news`) in a `language`, the newest first.

    `path` is the file's in the site, `title` says what it is about; `base_url` is the site's
    address with a slash at the end, without which addresses are relative. `pushed` says that a hub
    is told of it (`feeds_of`); others are short, as there are very many.
    """
    root = base_url or "../" * path.count("/")
    newest = nlargest(ENTRIES if pushed else FEW, news, key=attrgetter("order"))
    entries = []
    for item in newest:
        at = f"{root}datasets/{item.dataset}/releases/{item.number}/"
        entries.append(Entry(
            id=release_urn(item.dataset, item.number),
            title=f"{item.title.get(language)}: {item.version}",
            updated=item.issued, text=item.said.get(language), category=item.reason,
            links=(Link(at), Link(at + FILE, "related", "application/json")),
        ))
    links = [Link(base_url + path if base_url else path.rsplit("/", 1)[-1], "self", ATOM)]
    if pushed and base_url and city().websub_hub:
        links.append(Link(str(city().websub_hub), "hub", ""))
    site = city().site.title.get(language)
    return feed(
        feed_urn(path), f"{title.get(language)} · {site}", language, entries, links
    ).encode()
