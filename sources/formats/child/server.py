"""Fork a confined child for each file to read: `python -m sources.formats.child.server`.

A line of its input is a folder with a request; a line of its output says how the child ended.
Python and the readers are imported once, so that a child costs some milliseconds.
"""

import os
import select
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import msgspec
import pyarrow as pa

from model.errors import ReadError
from sources.formats.child import call
from sources.formats.child.confinement import confine
from sources.limits import MAX_WORKBOOK_SECONDS

# A reader computes. One that sleeps does not use the processor time that it is allowed.
_WAIT = 10 * MAX_WORKBOOK_SECONDS


def main() -> None:
    """Serve until the input ends."""
    call.is_child = True
    for each in ("sheets", "filled", "legacy_fonts"):
        import_module(f"sources.formats.workbook.{each}")
    pa.array([""])  # the first array imports pandas, where it is installed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while line := sys.stdin.readline():
        folder = Path(line.rstrip("\n"))
        until_it_ends, held = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(until_it_ends)
            _work(folder)
        os.close(held)
        print(_ended(child, until_it_ends), flush=True)
        os.close(until_it_ends)


def _ended(child: int, until_it_ends: int) -> str:
    """Wait for a child; end it when it takes too long, or when nobody waits any more.

    The pipe `until_it_ends` closes with the child.
    """
    ready, _, _ = select.select([until_it_ends, sys.stdin], [], [], _WAIT)
    os.kill(child, signal.SIGKILL)  # no more than a word to one that has ended
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return str(code) if ready else call.TOO_LONG


def _work(folder: Path) -> NoReturn:
    """Answer the request in a folder, and end this process."""
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        data = (folder / call.REQUEST).read_bytes()
        request = msgspec.msgpack.decode(data, type=call.ChildTask)
        reader = getattr(import_module(request.module), request.name)
        path = Path(request.path)
        tempfile.tempdir = str(folder)
        confine(path, folder)
        try:
            found = reader(path, request.where, *request.arguments, **request.options)
            answer = call.ChildResult(result=call.as_bytes(found))
        except ReadError as error:
            answer = call.ChildResult(error=(error.what, error.where, error.todo))
        (folder / call.ANSWER).write_bytes(msgspec.msgpack.encode(answer))
        code = 0
    except MemoryError:
        code = call.OUT_OF_MEMORY
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
