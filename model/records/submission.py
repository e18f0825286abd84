"""What a department sent in, and what came of it."""

from datetime import datetime
from typing import Literal

from model.util.text import Frozen, Text

Verdict = Literal["released", "unchanged", "draft", "blocked", "refused"]


class Submission(Frozen):
    """A dataset of a workbook that was sent in: a line of `submissions.jsonl`.

    at: when it arrived.
    by: who sent it, as they say: "name/department".
    file_sha256: of the workbook.
    dataset: its id; "" where the workbook was refused before that was known.
    declaration_sha256, form_sha256: of the declaration and the form that the template was made of.
    verdict: `released`; `unchanged`: the figures of the current release; `draft`: a release waits
        for approval; `blocked`: no release; `refused`: no workbook that can be read.
    rows: how many were filled in; quarantined: how many of these are not released.
    release: the number of the release that holds the figures, release_sha256: of its record.
    reason: why it is blocked or refused, in English.
    """

    at: datetime
    by: Text
    file_sha256: str
    dataset: str
    declaration_sha256: str = ""
    form_sha256: str = ""
    verdict: Verdict
    rows: int = 0
    quarantined: int = 0
    release: int | None = None
    release_sha256: str | None = None
    reason: str = ""


class Receipt(Frozen):
    """What who sent a workbook keeps of it: the lines of the register, and who received it."""

    publisher: str
    submissions: tuple[Submission, ...]
