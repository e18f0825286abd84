"""The tree is RFC 6962's: pymerkle, which others wrote, finds the same roots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from portal.transparency.merkle import EMPTY, roots


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_another_implementation_finds_the_same_roots(entries: list[bytes]) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    sizes = range(len(entries) + 1)
    found = roots(entries, sizes)
    assert found[0] == EMPTY.hex()
    assert {n: found[n] for n in sizes[1:]} == {n: tree.get_root(n).hex() for n in sizes[1:]}


def test_sizes_beyond_the_entries_are_left_out() -> None:
    assert roots([b"a"], {1, 2}).keys() == {1}
