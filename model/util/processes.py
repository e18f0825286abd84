"""One kind of work divided among processes, for what Python itself computes."""

import os
import pickle
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
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
    shares = [items[at::number] for at in range(number)]
    others = [_start(make, share) for share in shares[1:]]
    try:
        once_forked()
        made = [[make(item) for item in shares[0]]]
        for share, (_, answer) in zip(shares[1:], others, strict=True):
            made.append(_received(answer) or [make(item) for item in share])
    finally:
        for process, answer in others:
            os.close(answer)  # one that still writes ends
            os.waitpid(process, 0)
    return [made[at % number][at // number] for at in range(len(items))]


def _start(make: Callable[[Item], Made], share: Sequence[Item]) -> tuple[int, int]:
    """Fork a process that makes a `share`; return its id, and the descriptor it writes to."""
    answer, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, answer
    status = 1
    try:
        os.close(answer)
        with os.fdopen(writing, "wb") as file:
            pickle.dump([make(item) for item in share], file)
        status = 0
    finally:  # nothing of this process is to be ended in the other
        os._exit(status)


def _received(answer: int) -> list[Made]:
    """Return what a process has written; nothing where it did not come to the end."""
    with os.fdopen(answer, "rb", closefd=False) as file:
        try:
            found: list[Made] = pickle.load(file)  # noqa: S301 - our own bytes
        except (EOFError, pickle.UnpicklingError):
            return []
        return found
