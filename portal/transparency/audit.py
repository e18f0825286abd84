"""Compare a site with its transparency log: what was changed, removed or dated back?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TypeVar

from model.util.hashing import unsealed
from portal.site_folder.state import DatasetState
from portal.transparency.merkle import roots
from portal.transparency.records import (
    Head,
    KeyEntry,
    LogLine,
    LossEntry,
    ReleaseEntry,
    files_checksum,
)
from portal.transparency.signing import is_signed

# A release may be published a while after it was made, as after an outage of the portal.
LATE = timedelta(days=7)


@dataclass
class Audit:
    """What the log says of a site.

    findings: what is wrong, in sentences; none where all is as it should be.
    notes: what a reader should know: files that were made again, heads without a signature.
    head: the newest head; None where the site has no log.
    key: the public key in force; empty where nothing is signed.
    entered: the releases that are in the log as the site shows them, (dataset, number).
    """

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    head: Head | None = None
    key: str = ""
    entered: set[tuple[str, int]] = field(default_factory=set)


def lines(data: bytes) -> list[bytes]:
    """Return the whole lines of a log; a torn last one is left out."""
    return data.split(b"\n")[:-1]


def audit(
    entries: bytes, heads: bytes, states: Iterable[DatasetState], catalogue: str,
    witnessed: Sequence[Head] = (), key: str = "", whole: bool = True,
) -> Audit:
    """Compare a site with its log.

    Args:
        entries, heads: the bytes of both files.
        states: of every dataset that the site shows; of some where it is not the `whole` site.
        catalogue: the checksum of its `catalogue.json`.
        witnessed: heads that somebody kept, of any time.
        key: the public key that must have signed from the start, where it is known from elsewhere.

    Returns:
        What was found. A line that cannot be read is a finding too.
    """
    found = Audit()
    parsed = [
        _parsed(LogLine, line, f"entry {n}", found) for n, line in enumerate(lines(entries), 1)
    ]
    known = [_parsed(Head, line, f"head {n}", found) for n, line in enumerate(lines(heads), 1)]
    if not known or None in known or None in parsed:
        if not known:
            found.findings.append("the site has no transparency log")
        return found
    all_heads = [head for head in known if head is not None]
    entered = [line.root for line in parsed if line is not None]
    found.head = all_heads[-1]
    _roots(found, lines(entries), all_heads, witnessed)
    if not found.findings:  # else the keys may stand elsewhere
        _signatures(found, entered, all_heads, key)
    _dates(found, entered, all_heads)
    if found.head.catalogue != catalogue:
        found.findings.append("catalogue.json is not the one that the newest head names")
    _releases(found, entered, list(states), whole)
    return found


_Line = TypeVar("_Line", LogLine, Head)
_Entries = Sequence[ReleaseEntry | LossEntry | KeyEntry]


def _parsed(kind: type[_Line], line: bytes, what: str, found: Audit) -> _Line | None:
    try:
        return kind.model_validate_json(unsealed(line))
    except ValueError:
        found.findings.append(f"{what} was changed after it was written")
        return None


def _roots(
    found: Audit, entries: list[bytes], heads: list[Head], witnessed: Sequence[Head]
) -> None:
    made = roots(entries, {head.size for head in (*heads, *witnessed)})
    for name, each in (("head", heads), ("kept head", witnessed)):
        for head in each:
            if head.size not in made:
                found.findings.append(
                    f"the {name} of {head.time:%Y-%m-%d %H:%M} covers {head.size} entries, the log"
                    f" has {len(entries)}: entries were removed"
                )
            elif made[head.size] != head.root:
                found.findings.append(
                    f"the first {head.size} entries are not those of the {name} of"
                    f" {head.time:%Y-%m-%d %H:%M}: the history was rewritten"
                )
    if heads[-1].size < len(entries):
        found.findings.append(f"{len(entries) - heads[-1].size} entries are under no head")
    known = {(head.size, head.root, head.catalogue) for head in heads}
    for head in witnessed:
        if (head.size, head.root, head.catalogue) not in known:
            found.findings.append(
                f"the kept head of {head.time:%Y-%m-%d %H:%M} is not among the site's heads"
            )


def _signatures(found: Audit, entries: _Entries, heads: list[Head], pinned: str) -> None:
    keys = [(at, entry) for at, entry in enumerate(entries, 1) if isinstance(entry, KeyEntry)]
    if pinned and (not keys or keys[0][1].public != pinned):
        found.findings.append("the log's first key is not the one that was given")
    for (_, before), (at, entry) in pairwise(keys):
        if not is_signed(entry.public, entry.statement, before.public):
            found.findings.append(f"entry {at}: the new key is not signed by the one before it")
    found.key = keys[-1][1].public if keys else ""
    unsigned = 0
    for head in heads:
        force = next((entry.public for at, entry in reversed(keys) if at <= head.size), "")
        if not force:
            unsigned += 1
        elif head.key != force or not is_signed(head.text, head.signature, force):
            found.findings.append(
                f"the head of {head.time:%Y-%m-%d %H:%M} is not signed by the key in force"
            )
    if unsigned:
        found.notes.append(f"{unsigned} of {len(heads)} heads are from before there was a key")


def _dates(found: Audit, entries: _Entries, heads: list[Head]) -> None:
    seen: set[tuple[str, int]] = set()
    before: Head | None = None
    for head in heads:
        if before and (head.size < before.size or head.time < before.time):
            found.findings.append(f"the head of {head.time:%Y-%m-%d %H:%M} is out of order")
        for entry in entries[before.size if before else 0 : head.size]:
            if not isinstance(entry, ReleaseEntry):
                continue
            is_new = (entry.dataset, entry.number) not in seen
            seen.add((entry.dataset, entry.number))
            if before and is_new and entry.issued < before.time - LATE:
                found.findings.append(
                    f"release {entry.number} of {entry.dataset} says {entry.issued:%Y-%m-%d} and"
                    f" was entered after {before.time:%Y-%m-%d %H:%M}: dated back"
                )
        before = head


def _releases(found: Audit, entries: _Entries, states: list[DatasetState], whole: bool) -> None:
    asked = {state.dataset for state in states}
    newest: dict[tuple[str, int], ReleaseEntry] = {}
    lost: set[tuple[str, int]] = set()
    for entry in entries:
        if isinstance(entry, LossEntry):
            lost.add((entry.dataset, entry.number))
        if not isinstance(entry, ReleaseEntry) or not (whole or entry.dataset in asked):
            continue
        name = entry.dataset, entry.number
        if name in newest and (newest[name].record, newest[name].issued) != (
            entry.record, entry.issued
        ):
            found.findings.append(f"release {entry.number} of {entry.dataset} was changed later")
        elif name in newest:
            found.notes.append(
                f"the files of release {entry.number} of {entry.dataset} were made again"
            )
        newest[name] = entry
    published = {
        (state.dataset, release.number): release for state in states for release in state.releases
    }
    for (dataset, number), entry in newest.items():
        release = published.get((dataset, number))
        if release is None and (dataset, number) in lost:
            found.notes.append(f"release {number} of {dataset} was lost, as the log says")
        elif release is None:
            found.findings.append(f"release {number} of {dataset} is in the log, not in the site")
        elif (entry.issued, entry.files) != (release.issued, files_checksum(release)):
            found.findings.append(
                f"release {number} of {dataset} is not in the log as the site shows it"
            )
        else:
            found.entered.add((dataset, number))
    for dataset, number in sorted(published.keys() - newest.keys()):
        found.findings.append(f"release {number} of {dataset} is not in the log")
