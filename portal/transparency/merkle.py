"""The root of the Merkle tree of RFC 6962, section 2.1, over the first lines of a log."""

import hashlib
from collections.abc import Collection, Iterable

EMPTY = hashlib.sha256().digest()


def roots(entries: Iterable[bytes], sizes: Collection[int]) -> dict[int, str]:
    """Return the root over the first n of the `entries`, as 64 hex digits, for each n of `sizes`.

    Each entry is hashed once; sizes beyond the entries are left out.
    """
    found: dict[int, str] = {0: EMPTY.hex()} if 0 in sizes else {}
    complete: list[tuple[int, bytes]] = []  # whole subtrees from the left: leaves, hash
    for number, entry in enumerate(entries, 1):
        complete.append((1, hashlib.sha256(b"\0" + entry).digest()))
        while len(complete) > 1 and complete[-1][0] == complete[-2][0]:
            (width, right), (_, left) = complete.pop(), complete.pop()
            complete.append((2 * width, _parent(left, right)))
        if number in sizes:
            root = complete[-1][1]
            for _, left in reversed(complete[:-1]):
                root = _parent(left, root)
            found[number] = root.hex()
    return found


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
