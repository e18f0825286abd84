"""Python's cyclic garbage collector, out of the way while very many objects are made at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_KEPT: set[str] = set()  # what lasts of this process


@contextmanager
def paused_collector(lasting: str = "") -> Iterator[None]:
    """Pause it: it would look at every object again and again (half of the time, measured).

    Objects without cycles are freed as ever.

    Args:
        lasting: names what is made and lasts until the process ends, such as its declarations: that
            is kept out of later collections, the first of which would look at all of it at once. It
            is done once for a name: a process that makes the same again has let go of what it had,
            and everything that is garbage by then would be kept for good, with all it refers to.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if lasting and lasting not in _KEPT:
            _KEPT.add(lasting)
            gc.freeze()
        if enabled:
            gc.enable()
