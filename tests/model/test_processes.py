"""Work divided among processes comes back whole and in order, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from select import select

import pytest

from model.util.processes import begun, divided

HERE = os.getpid()


def killed(number: int) -> int:
    if os.getpid() != HERE and number > 50:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 2


@pytest.mark.parametrize("make", [lambda number: number * 2, killed])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_everything_comes_back_in_order(make: Callable[[int], int], processes: int) -> None:
    assert divided(make, range(100), processes) == [number * 2 for number in range(100)]


def test_processes_share_the_work() -> None:
    def who(_: int) -> int:
        time.sleep(0.002)  # else this process has made all before the other has begun
        return os.getpid()

    assert len(set(divided(who, range(100), 2))) == 2
    assert set(divided(lambda _: os.getpid(), range(10), 2)) == {os.getpid()}  # not worth it


def test_who_is_busy_makes_less() -> None:
    def who(_: int) -> int:
        time.sleep(0.01 if os.getpid() == HERE else 0.001)
        return os.getpid()

    assert divided(who, range(100), 2).count(HERE) < 40


def test_there_may_be_more_than_a_pipe_has_room_for() -> None:
    assert divided(str, range(20_000), 2) == [*map(str, range(20_000))]


def test_an_error_in_any_of_them_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(fork()) or forked[-1])
    with pytest.raises(ZeroDivisionError):
        divided(lambda number: 1 // (number - 99), range(100), 2)
    with pytest.raises(ChildProcessError):  # it is not left behind
        os.waitpid(*forked, os.WNOHANG)


@pytest.mark.parametrize("make", [lambda number: number * 2, killed])
def test_others_begin_while_this_process_has_other_work(make: Callable[[int], int]) -> None:
    with begun(make, range(100), 1) as all_made:
        assert divided(make, range(100), 2) == [number * 2 for number in range(100)]
        assert all_made() == [number * 2 for number in range(100)]


def test_others_make_all_where_nothing_is_left_for_this_process() -> None:
    with begun(lambda _: os.getpid(), range(10), 1) as all_made:
        time.sleep(0.5)
        assert HERE not in all_made()


def test_they_end_with_the_process_that_wants_it() -> None:
    ours, theirs = os.pipe()
    process = os.fork()
    if not process:
        os.close(ours)
        with begun(lambda _: time.sleep(0.05), range(1_000), 2):
            time.sleep(60)
    os.close(theirs)
    time.sleep(0.3)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert select([ours], [], [], 20)[0] and not os.read(ours, 1), "none holds it any longer"
    os.close(ours)


def test_who_leaves_without_what_was_begun_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forked: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(fork()) or forked[-1])
    started = time.perf_counter()
    with begun(lambda _: time.sleep(0.1), range(1_000), 1):
        pass
    assert time.perf_counter() - started < 50, "not all were made"
    with pytest.raises(ChildProcessError):
        os.waitpid(*forked, os.WNOHANG)
