"""What lasts is kept out of collections; what was let go of is not kept with it."""

from __future__ import annotations

import gc
import weakref

from model.util.garbage_collector import paused_collector


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_what_lasts_is_kept_out_of_collections() -> None:
    with paused_collector("first"):
        made = Cycle()
        assert not gc.isenabled()
    assert gc.isenabled()
    assert all(each is not made for each in gc.get_objects())


def test_what_was_let_go_of_is_freed_although_the_same_is_made_again() -> None:
    with paused_collector("again"):
        pass
    gone = weakref.ref(Cycle())
    with paused_collector("again"):
        pass
    gc.collect()
    assert gone() is None
