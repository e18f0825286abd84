"""Two random sequences of ten events each, and what the promises say after each of them."""

from __future__ import annotations

from tests.model_based.machine import search


def test_any_sequence_keeps_the_promises() -> None:
    """The same two each time; `make model` searches on."""
    search(3, 10, seed=26, shrink=False)  # the first is always the shortest there is
