"""What a process keeps of what it made: the newest of each place, and not each that there ever was.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Place = TypeVar("Place")
Made = TypeVar("Made")


class Newest(dict[Place, tuple[Any, Made]]):
    """By place (a file, a folder): its newest state that was seen, and what was made of that.

    Where there are `most` places, all go before another one comes.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def of(self, place: Place, state: object, make: Callable[[], Made]) -> Made:
        """Return what `make` makes of a `place` in a `state`: once, as long as that is the newest.

        Nothing is kept of an error that `make` raises.
        """
        known = self.get(place)
        if known is None or known[0] != state:
            if len(self) >= self.most:
                self.clear()
            known = self[place] = state, make()
        return known[1]
