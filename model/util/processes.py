"""One kind of work divided among processes, for what Python itself computes."""

import gc
import os
import pickle
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar, cast

Item = TypeVar("Item")
Made = TypeVar("Made")
_NUMBER, _NUMBERS = struct.Struct("=I"), 8_192  # so many fit into a pipe (65,536 bytes)
_FEWEST = 32  # items of a process: to start one takes as long as to make a few


def divided(
    make: Callable[[Item], Made], items: Sequence[Item], processes: int,
    once_forked: Callable[[], object] = lambda: None,
) -> list[Made]:
    """Return what `make` makes of each of the `items`, in their order.

    At most so many `processes` make it, this one and others, see `begun`. A thread at work while
    this forks may hold a lock that the others would wait for without end (Python's documentation
    of `os.fork`), so that one beside it is started by `once_forked`.
    """
    with begun(make, items, worth(items, processes) - 1) as all_made:
        once_forked()
        return all_made()


def worth(items: Sequence[Item], processes: int) -> int:
    """Return how many of so many `processes` are worth being started for so many `items`."""
    return max(1, min(processes, len(items) // _FEWEST))


@contextmanager
def begun(
    make: Callable[[Item], Made], items: Sequence[Item], others: int, nice: int = 0
) -> Iterator[Callable[[], list[Made]]]:
    """Let so many `others`, processes forked from this one, begin to make what `items` become.

    They leave the processor to others that want it by so much as `nice` says (see `os.nice`).

    `make` must write nothing there and wait for no other thread. Yields what returns all that is
    made, in the order of the `items`: this process makes those that nobody has begun with, and
    those that another one does not return, because it was killed or `make` raised an error, so that
    the error is seen. Who leaves without having called it waits for the items at work alone.
    """
    waiting = _waiting(len(items))
    at_work = [_start(make, items, waiting, nice) for _ in range(others)]

    def all_made() -> list[Made]:
        made = _share(make, items, waiting)
        while at_work:
            made |= _ended(*at_work.pop())
        return [made[at] if at in made else make(items[at]) for at in range(len(items))]

    try:
        yield all_made
    finally:
        while os.read(waiting, _NUMBER.size * _NUMBERS):
            pass  # the others find nothing to begin with
        os.close(waiting)
        for process, answer in at_work:
            answer.close()
            os.waitpid(process, 0)


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


def _start(
    make: Callable[[Item], Made], items: Sequence[Item], waiting: int, nice: int
) -> tuple[int, BinaryIO]:
    """Fork a process that makes its share; return its id, and the file that it writes it to.

    It would wait with a pipe until this one reads, which has work of its own.
    """
    answer = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - whoever waits for it closes it
    parent = os.getpid()

    def make_while_wanted(item: Item) -> Made:
        if os.getppid() != parent:  # it was killed, and the next run waits for its locks
            os._exit(1)
        return make(item)

    process = os.fork()
    if process:
        return process, answer
    status = 1
    try:
        os.nice(nice)
        gc.disable()  # it ends soon
        pickle.dump(_share(make_while_wanted, items, waiting), answer)
        answer.flush()
        status = 0
    finally:  # nothing of this process is to be ended in the other
        os._exit(status)


def _ended(process: int, answer: BinaryIO) -> dict[int, Made]:
    """Return what a process has written; nothing where it did not come to the end."""
    os.waitpid(process, 0)
    with answer:
        answer.seek(0)
        try:
            found: dict[int, Made] = pickle.load(answer)  # noqa: S301 - our own bytes
        except (EOFError, pickle.UnpicklingError):
            return {}
        return found
