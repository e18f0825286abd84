"""What a child that reads a file might do if the file had taken it over."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from model.errors import ReadError
from sources.formats.child.call import in_child

KEPT: list[str] = []


@in_child
def text_of(path: Path, where: str) -> str:
    """Return the file's text, and remember it."""
    KEPT.append(path.read_text("utf-8"))
    return KEPT[0]


@in_child
def refuse(path: Path, where: str) -> str:
    """Raise an error as readers do."""
    raise ReadError("is \x1b[31mno table", where=where, todo="ask")


@in_child
def end(path: Path, where: str, code: int) -> str:
    """End the process as a crash of a parser does; below zero by a signal."""
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


@in_child
def fail(path: Path, where: str) -> str:
    """Raise what no reader raises."""
    raise KeyError(where)


@in_child
def fill_memory(path: Path, where: str) -> int:
    """Take memory without end."""
    taken = [bytearray(100_000_000)]
    while True:
        taken.append(bytearray(100_000_000))


@in_child
def compute(path: Path, where: str) -> int:
    """Compute without end."""
    while True:
        pass


@in_child
def lie(path: Path, where: str) -> int:
    """Return what is not declared."""
    return "no number"  # type: ignore[return-value]


@in_child
def columns(path: Path, where: str) -> list[pa.Array]:
    """Return text that is none, as a broken reader might."""
    offsets = pa.py_buffer(b"\x00\x00\x00\x00\x03\x00\x00\x00")
    return [pa.StringArray.from_buffers(1, offsets, pa.py_buffer(b"\xff\xfe\xfd"))]


def _other_file(folder: Path) -> object:
    return (folder.parent / "secret").read_text("utf-8")


def _other_folder(folder: Path) -> object:
    return os.listdir(folder.parent)


def _write(folder: Path) -> object:
    return (folder.parent / "written").write_text("x", "utf-8")


def _write_input(folder: Path) -> object:
    return (folder / "input").write_text("x", "utf-8")


def _execute(folder: Path) -> object:
    return subprocess.run(["/bin/true"], check=True)


def _kill(folder: Path) -> object:
    return os.kill(os.getppid(), signal.SIGKILL)


def _tcp(folder: Path) -> object:
    return socket.create_connection(("127.0.0.1", 9), timeout=1)


def _udp(folder: Path) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))


ATTEMPTS: dict[str, Callable[[Path], object]] = {
    "other_file": _other_file, "other_folder": _other_folder, "write": _write,
    "write_input": _write_input, "execute": _execute, "kill": _kill, "tcp": _tcp, "udp": _udp,
}


@in_child
def attempt(path: Path, where: str, name: str) -> str:
    """Try one of the attempts; return the error that stops it, "" where nothing does."""
    try:
        ATTEMPTS[name](path.parent)
    except OSError as error:
        return type(error).__name__
    return ""


@in_child
def environment(path: Path, where: str) -> list[str]:
    """Return the names of the environment."""
    return sorted(os.environ)
