"""Take from this process what reading one file does not need, for good and without root.

Memory, processor time, size and number of files are limited by POSIX limits. On Linux, Landlock
(from 5.13 on, https://docs.kernel.org/userspace-api/landlock.html) leaves it one file to read, one
folder to write to, and Python's own modules; nothing can be executed. A network namespace of its
own leaves it no network; where namespaces are not allowed, Landlock forbids TCP (from 6.7 on).
"""

import ctypes
import os
import resource
import struct
import sys
import sysconfig
from pathlib import Path

from sources.limits import MAX_TEXT_BYTES, MAX_WORKBOOK_MEMORY, MAX_WORKBOOK_SECONDS

_MAX_OPEN_FILES = 64
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
# landlock_create_ruleset, landlock_add_rule, landlock_restrict_self: alike on all architectures
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
# Rights that a version of Landlock (ABI) knows: all below the bit. Granted are some of the first.
_RIGHTS = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15, 5: 1 << 16}
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 14
_READ = _READ_FILE | _READ_DIR
_CHANGE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_BIND_AND_CONNECT_TCP = 3  # from version 4 on
_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # from version 6 on: to processes outside


def confine(path: Path, folder: Path) -> None:
    """Leave this process the file `path` to read and a `folder` to write to."""
    for limit, most in (
        (resource.RLIMIT_AS, MAX_WORKBOOK_MEMORY), (resource.RLIMIT_FSIZE, 2 * MAX_TEXT_BYTES),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, MAX_WORKBOOK_SECONDS + 1),  # then SIGKILL
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (allowed - 1, allowed))  # then SIGXCPU
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("1000")  # it is ended first, not the run
        libc = ctypes.CDLL(None, use_errno=True)
        # With a user namespace root would lose access to the files of others.
        libc.unshare(_CLONE_NEWNET | (_CLONE_NEWUSER if os.geteuid() else 0))
        _lock_files(libc, {path: _READ_FILE, folder: _READ | _CHANGE})


def _lock_files(libc: ctypes.CDLL, allowed: dict[Path, int]) -> None:
    """Allow this process what it may do with some files and folders, and nothing with others."""
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:  # the kernel has no Landlock, or it is switched off
        return
    handled = _RIGHTS[min(version, max(_RIGHTS))] - 1
    rules = struct.pack(
        "=QQQ", handled, _BIND_AND_CONNECT_TCP, _ABSTRACT_SOCKETS_AND_SIGNALS
    )[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _checked(libc.syscall(_CREATE_RULESET, rules, len(rules), 0))
    modules = {Path(sysconfig.get_path(name)): _READ for name in
               ("stdlib", "platstdlib", "purelib", "platlib")}
    for each, rights in (modules | allowed).items():
        file = os.open(each, os.O_PATH)
        rule = struct.pack("=Qi", rights & handled, file)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
        os.close(file)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result
