"""Failures of steps, what was notified of them, and incidents for the feed."""

from datetime import datetime
from typing import Literal

from model.util.text import Frozen, LocalizedText

IncidentKind = Literal["blocked", "failed", "recovered"]


class Failure(Frozen):
    """A dataset's step that failed and has not succeeded since: `failures/<dataset>.json`."""

    dataset: str
    stage: str
    kind: str  # name of the error's type
    cause: str  # the same for all that one cause has broken
    what: str
    where: str
    todo: str


class Notified(Frozen):
    """A cause that people were notified of, until it is resolved."""

    cause: str
    datasets: tuple[str, ...]
    since: datetime


class Incident(Frozen):
    """Something that went wrong, for the feed: a blocked release, or a check that began to fail."""

    id: str  # the same for the same event, for ever
    dataset: str
    at: datetime
    kind: IncidentKind
    title: LocalizedText
    text: LocalizedText
