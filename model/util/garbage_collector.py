"""Python's cyclic garbage collector, out of the way while very many objects are made at once."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector(lasting: bool = False) -> Iterator[None]:
    """Pause it: it would look at every object again and again (half of the time, measured).

    Objects without cycles are freed as ever. What is `lasting`, such as modules and declarations,
    is kept out of later collections, too: the first would look at all of it at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if lasting:
            gc.freeze()
        if enabled:
            gc.enable()
