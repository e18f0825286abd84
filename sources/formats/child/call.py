"""Functions that read a file in a child process.

The child is asked for one file at a time. What it hands over is data, never pickled: it is decoded
by the types that the function declares, columns as Arrow streams.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar, cast, get_type_hints

import msgspec
import pyarrow as pa

from model.errors import ReadError
from sources.limits import MAX_WORKBOOK_MEMORY, MAX_WORKBOOK_SECONDS

REQUEST, ANSWER = "request", "answer"  # files in the folder that both share
OUT_OF_MEMORY = 70  # exit code of the child
TOO_LONG = "too long"  # in place of an exit code
_NO_ANSWER = "no answer"
_PROJECT = Path(__file__).resolve().parents[3]
_TODO = "open it in a spreadsheet program and save it again"
# What the child needs of the environment: no secret of the run is in it.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR", "OPENINDICATORS_PROJECT")

P = ParamSpec("P")
R = TypeVar("R")
Reader = Callable[Concatenate[Path, str, P], R]
is_child = False  # set by the server: there functions run as they are


class ChildTask(msgspec.Struct):
    """What the child is asked for."""

    module: str
    name: str
    path: str
    where: str
    arguments: list[Any]
    options: dict[str, Any]


class ChildResult(msgspec.Struct):
    """What the child hands over: a result, or the fields of a ReadError."""

    result: bytes = b""
    error: tuple[str, str, str] | None = None


def in_child(reader: Reader[P, R]) -> Reader[P, R]:
    """Let a function that reads the file at its first argument run in a child process.

    Its second argument names the file in errors. The others, and what it returns, must be values
    that msgspec knows, or Arrow arrays. It may raise ReadError, and so does a child that ends.
    """

    @wraps(reader)
    def asked(path: Path, where: str, *arguments: P.args, **options: P.kwargs) -> R:
        if is_child:
            return reader(path, where, *arguments, **options)
        request = ChildTask(
            reader.__module__, reader.__name__, str(path.absolute()), where, [*arguments], options
        )
        answer = _server(os.getpid()).ask(request)
        if answer.error is not None:
            what, place, todo = ("".join(filter(str.isprintable, each)) for each in answer.error)
            raise ReadError(what, where=place, todo=todo)
        try:
            result: R = msgspec.msgpack.decode(
                answer.result, type=get_type_hints(reader)["return"], dec_hook=_array_of
            )
        except (msgspec.MsgspecError, pa.ArrowException) as error:
            raise ReadError(
                "made the process that read it answer other than in tables", where=where, todo=_TODO
            ) from error
        return result

    return asked


def as_bytes(value: Any) -> bytes:
    """Return a value that a reader returned, for `in_child` to decode."""
    return msgspec.msgpack.encode(value, enc_hook=_stream_of)


def _stream_of(value: Any) -> bytes:
    array = value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    batch = pa.record_batch([array], names=["column"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


def _array_of(kind: type, value: bytes) -> pa.Array:
    batch = pa.ipc.open_stream(value).read_next_batch()
    batch.validate(full=True)
    return batch.column(0)


@dataclass
class _Server:
    """The process that forks a child for each file; it ends when its input does."""

    process: subprocess.Popen[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: ChildTask) -> ChildResult:
        """Return the answer of a child.

        Raises:
            ReadError: the child ended without one.
        """
        with self.lock, tempfile.TemporaryDirectory(prefix="openindicators-") as folder:
            (Path(folder) / REQUEST).write_bytes(msgspec.msgpack.encode(request))
            ended = self._ended(folder)
            if ended == "0":
                try:
                    data = (Path(folder) / ANSWER).read_bytes()
                    return msgspec.msgpack.decode(data, type=ChildResult)
                except (OSError, msgspec.MsgspecError):
                    ended = _NO_ANSWER
        raise ReadError(_reason(ended), where=request.where, todo=_TODO)

    def _ended(self, folder: str) -> str:
        """Let a child work in a folder; return how it ended."""
        if self.process is None or self.process.poll() is not None:
            self.process = _started()
        try:
            questions = cast("IO[str]", self.process.stdin)
            questions.write(f"{folder}\n")
            questions.flush()
            return cast("IO[str]", self.process.stdout).readline().strip() or _NO_ANSWER
        except BrokenPipeError:
            return _NO_ANSWER


@cache
def _server(process: int) -> _Server:
    """Return the server of a process; one that was forked cannot use that of its parent."""
    return _Server()


def _started() -> subprocess.Popen[str]:
    environment = {
        name: value for name, value in os.environ.items()
        if name in _ENVIRONMENT or name.startswith("OPENINDICATORS_MAX_")
    }
    environment["OPENBLAS_NUM_THREADS"] = "1"  # a fork has one, and each takes memory
    return subprocess.Popen(
        [sys.executable, "-m", "sources.formats.child.server"], cwd=_PROJECT, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )


def _reason(ended: str) -> str:
    """Say why there is no answer of a child that `ended` so: by an exit code, or a word."""
    code = int(ended) if ended.removeprefix("-").isdecimal() else None
    if code == OUT_OF_MEMORY:
        return f"takes more than {MAX_WORKBOOK_MEMORY} bytes of memory to read"
    if ended == TOO_LONG or code == -signal.SIGXCPU:
        return f"takes more than {MAX_WORKBOOK_SECONDS} seconds to read"
    how = ended if code is None else f"exit code {code}"
    if code is not None and code < 0:
        how = f"{signal.Signals(-code).name}, perhaps for want of memory"
    return f"ended the process that read it ({how})"
