"""One kind of work divided among processes, for what Python itself computes."""

import os
import pickle
import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
_NUMBER, _NUMBERS = struct.Struct("=I"), 8_192  # so many fit into a pipe (65,536 bytes)
_FEWEST = 32  # items of a process: to start one takes as long as to make a few


def divided(
    make: Callable[[Item], Made], items: Sequence[Item], processes: int,
    once_forked: Callable[[], object] = lambda: None,
) -> list[Made]:
    """Return what `make` makes of each of the `items`, in their order.

    At most so many `processes` make it: this one, and others that are forked from it, where `make`
    must write nothing and wait for no other thread. A thread at work while this forks may hold a
    lock that the others would wait for without end (Python's documentation of `os.fork`), so that
    one beside it is started by `once_forked`. What a process does not return, because it was killed
    or `make` raised an error, is made here, where the error is seen.
    """
    number = max(1, min(processes, len(items) // _FEWEST))
    waiting = _waiting(len(items))
    others = [_start(make, items, waiting) for _ in range(1, number)]
    try:
        once_forked()
        made = _share(make, items, waiting)
        for _, answer in others:
            made |= _received(answer)
    finally:
        os.close(waiting)
        for process, answer in others:
            os.close(answer)  # one that still writes ends
            os.waitpid(process, 0)
    return [made[at] if at in made else make(items[at]) for at in range(len(items))]


def _waiting(count: int) -> int:
    """Return a descriptor from which processes read, each number once, who makes which items.

    So that one that has other work besides makes fewer. Pipes give no number to two of them.
    """
    reading, writing = os.pipe()
    os.write(writing, b"".join(map(_NUMBER.pack, range(min(count, _NUMBERS)))))
    os.close(writing)
    return reading


def _share(make: Callable[[Item], Made], items: Sequence[Item], waiting: int) -> dict[int, Made]:
    """Return what `make` makes of the `items` that fall to this process, by their place."""
    return {
        at: make(items[at])
        for number in iter(lambda: os.read(waiting, _NUMBER.size), b"")
        for (first,) in [_NUMBER.unpack(number)]
        for at in range(first, len(items), _NUMBERS)
    }


def _start(make: Callable[[Item], Made], items: Sequence[Item], waiting: int) -> tuple[int, int]:
    """Fork a process that makes its share; return its id, and the descriptor it writes to."""
    answer, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, answer
    status = 1
    try:
        os.close(answer)
        with os.fdopen(writing, "wb") as file:
            pickle.dump(_share(make, items, waiting), file)
        status = 0
    finally:  # nothing of this process is to be ended in the other
        os._exit(status)


def _received(answer: int) -> dict[int, Made]:
    """Return what a process has written; nothing where it did not come to the end."""
    with os.fdopen(answer, "rb", closefd=False) as file:
        try:
            found: dict[int, Made] = pickle.load(file)  # noqa: S301 - our own bytes
        except (EOFError, pickle.UnpicklingError):
            return {}
        return found
