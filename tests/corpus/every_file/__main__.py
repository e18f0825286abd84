"""Try every file of the corpus.

    python -m tests.corpus.every_file [OUT] [--minutes N] [--only WORD]

Each file has a process of its own, with a limit of processor time, and a result in OUT; what has a
result is not tried again, so that a run that was stopped goes on where it was. Small files come
first. At the end: what was
recognised, how many questions were asked, what was released and equals another reader, and why the
others are refused. Exits with 1 where a release differs, or an attempt failed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import great_expectations  # noqa: F401 - takes seconds, once for all

from model.reference.registries import Registries
from tests.corpus.every_file.attempt import attempt, loaded, project_in
from tests.fixtures.datasets import SHARED


def entries() -> list[dict[str, Any]]:
    """Return the manifest's entry of each file."""
    manifest = json.loads((SHARED / "MANIFEST.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = manifest["entries"]
    return found


def in_process(
    entry: dict[str, Any], result: Path, registries: Registries, seconds: int
) -> int:
    """Start a process that tries a file and writes the result; return its number.

    Args:
        entry: of the manifest.
        result: where it is written.
        registries: of the project.
        seconds: of processor time that it may take.
    """
    child = os.fork()
    if child:
        return child
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with TemporaryDirectory() as folder:
        found = attempt(entry, Path(folder), registries)
    part = result.with_suffix(".part")
    part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    part.rename(result)
    os._exit(0)


def summary(found: list[dict[str, Any]]) -> int:
    """Print the figures, and return how many attempts are not as they must be."""
    outcomes = Counter(each["outcome"] for each in found)
    declared = [each for each in found if each["outcome"] not in ("refused", "failed")]
    for each in found:
        shown = "; ".join(each["mismatches"]) or each["reason"]
        mark = "DIFFERS" if each["mismatches"] else each["outcome"]
        asked = len(each["questions"])
        print(f"{mark:9} {asked:2} {each['released']:7} {each['file']}  {shown[:400]}")
    released = [each for each in found if each["outcome"] == "released"]
    rows = sum(each["released"] for each in released)
    equal = sum(not each["mismatches"] for each in released)
    asked = [len(each["questions"]) for each in declared] or [0]
    print(
        f"\n{len(found)} files: {len(declared)} declared, {outcomes['refused']} refused,"
        f" {outcomes['failed']} failed\n"
        f"questions: median {statistics.median(asked)}, most {max(asked)}\n"
        f"{len(released)} released ({rows} observations), {equal} equal to another reader;"
        f" {outcomes['open']} left open by a right answer, {outcomes['blocked']} blocked by a check"
    )
    return sum(bool(each["mismatches"]) or each["outcome"] == "failed" for each in found)


def main() -> None:
    """Try what has no result yet, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path, nargs="?", default=Path("data/every_file"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--at-a-time", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=300, help="of processor time for a file")
    parser.add_argument("--only", default="", help="files whose path holds this")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + 60 * arguments.minutes
    results = {
        arguments.out / f"{number:03}.json": entry for number, entry in enumerate(entries())
        if arguments.only in entry["path"]
    }
    with TemporaryDirectory() as folder:
        registries = loaded(project_in(Path(folder)))
    running: dict[int, tuple[Path, str]] = {}
    waiting = [(path, entry) for path, entry in results.items() if not path.exists()]
    waiting.sort(key=lambda each: int(each[1]["bytes"]))
    while running or (waiting and time.monotonic() < ends):
        while waiting and len(running) < arguments.at_a_time and time.monotonic() < ends:
            path, entry = waiting.pop(0)
            running[in_process(entry, path, registries, arguments.seconds)] = path, entry["path"]
        number, _ = os.wait()
        path, name = running.pop(number)
        if not path.exists():
            reason = f"no result within {arguments.seconds} s"
            gone = {"file": name, "outcome": "failed", "reason": reason, "questions": [],
                    "mismatches": [], "released": 0, "protocol": ""}
            path.write_text(json.dumps(gone), encoding="utf-8")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in results if path.exists()]
    wrong = summary(found)
    if len(found) < len(results):
        print(f"{len(results) - len(found)} not tried: call it again")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
