"""A page across datasets, which is made only when its inputs have changed."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class SharedPage:
    """A page that can be made.

    path: its path in the site.
    inputs: a digest of what it is made from, besides the site's code, texts and registries.
    make: renders it.
    remake: renders it out of the one that stands, whose unchanged parts stay; the same bytes.
    """

    path: str
    inputs: str
    make: Callable[[], bytes]
    remake: Callable[[bytes], bytes] | None = None
