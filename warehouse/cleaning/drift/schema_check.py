"""Drift as a release blocker; drift, and what was left unread, as results of checks."""

from collections.abc import Sequence

from model.errors import DriftError
from model.records.release_blockers import describe
from model.records.source_schema import SOURCE_SCHEMA_CHECK, Drift
from model.records.unread import UNREAD_CHECK, UnreadContent
from model.records.validation import CheckResult, ReleaseBlocker
from model.util.text import _, joined

TITLE = _("The source keeps its schema: columns, types, units and codes.")
UNREAD_TITLE = _("The source has no figures that stay unread or hidden.")


def refuse(found: list[Drift], dataset: str) -> None:
    """Check by the drift `found` that the source of a `dataset` can still be read as declared.

    Raises:
        DriftError: something blocks the release; names all that was found.
    """
    blocker = blocker_of(found)
    if blocker is not None:
        text = describe(blocker, dataset)
        raise DriftError(
            text.what.get("en"), where=dataset, todo=text.todo.get("en"), drift=blocker.drift
        )


def blocker_of(found: Sequence[Drift]) -> ReleaseBlocker | None:
    """Return drift as a release blocker, or None where a warning is enough."""
    blocks = any(item.stops for item in found)
    return ReleaseBlocker(kind="source_schema", drift=tuple(found)) if blocks else None


def as_check(drift: Sequence[Drift], columns: int) -> CheckResult:
    """Return `drift` as the result of a check of so many `columns`; its title has what changed."""
    title = TITLE
    if drift:
        title = _(
            "{title} Since the last release: {drift}",
            title=TITLE, drift=joined(item.what for item in drift),
        )
    stops = any(item.stops for item in drift)
    return CheckResult(
        name=SOURCE_SCHEMA_CHECK, expectation=SOURCE_SCHEMA_CHECK, kwargs={},
        severity="critical" if stops else "warning", level="table", title=title,
        outcome="failed" if stops else "warned" if drift else "passed", evaluated=columns,
        unexpected=len(drift),
    )


def unread_check(unread: Sequence[UnreadContent]) -> CheckResult | None:
    """Return what was left unread as the result of a check that never blocks; None for nothing."""
    unread = [each for each in unread if each.kind != "title"]
    if not unread:
        return None
    title = _(
        "{title} Found: {unread}", title=UNREAD_TITLE, unread=joined(item.what for item in unread)
    )
    count = sum(item.warns for item in unread)
    return CheckResult(
        name=UNREAD_CHECK, expectation=UNREAD_CHECK, kwargs={}, severity="info", level="table",
        title=title, outcome="warned" if count else "passed", evaluated=len(unread),
        unexpected=count,
    )
