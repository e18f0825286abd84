"""One edit of one target, and whether the product does what it must."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from random import Random
from typing import Any, Literal

from tests.corpus.hostile.edits.base import Edit, Words
from tests.corpus.hostile.sheets import NotPossible, read, write
from tests.corpus.hostile.vintages import Outcome, Vintages

# blocked, warned: as it must be, with the words. released: a harmless edit, or one that a reader
# undoes. SILENT: released without the words. UNNAMED: blocked without the words. FALSE: a harmless
# edit that is blocked or changes what is released. none: the layout has no place for it, or nothing
# that is read was changed.
Result = Literal["blocked", "warned", "released", "SILENT", "UNNAMED", "FALSE", "none"]


def run(vintages: Vintages, edit: Edit) -> tuple[Result, str]:
    """Release the edited file after the first release.

    Returns:
        The result, and what the run says.
    """
    target = vintages.target
    if target.place.form not in edit.forms:
        return "none", f"not in {target.place.form}"
    chance = Random(zlib.crc32(f"{edit.name} {target.dataset}".encode()))
    words: Words = ()

    def change(path: Path) -> None:
        nonlocal words
        if edit.of_bytes:
            words = edit.how(path, chance)
            return
        sheet = read(path, target.place)
        sheet.codes = vintages.codes
        words = edit.how(sheet, chance)
        write(path, target.place, sheet)

    steps: list[Any] = [change]
    if edit.name == "older_vintage_again":
        steps.append(lambda path: None)
    try:
        outcome = vintages.release(*steps)
    except NotPossible as reason:
        return "none", str(reason)
    return _result(edit, outcome, words), outcome.said


def _result(edit: Edit, outcome: Outcome, words: Words) -> Result:
    if edit.harmless:
        return "released" if outcome.same and not outcome.blocked else "FALSE"
    if all(re.search(word, outcome.said, re.IGNORECASE | re.DOTALL) for word in words):
        return "blocked" if outcome.blocked else "warned"
    if outcome.blocked:
        return "UNNAMED"
    if outcome.same and not edit.of_words:
        return "released" if edit.readable else "none"
    return "SILENT"
