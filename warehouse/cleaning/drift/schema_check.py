"""Drift as a release blocker, and as the result of a check."""

from __future__ import annotations

from collections.abc import Sequence

from model.errors import DriftError
from model.records.release_blockers import describe
from model.records.source_schema import SOURCE_SCHEMA_CHECK, Drift
from model.records.validation import CheckResult, ReleaseBlocker
from model.util.text import Bilingual

TITLE = Bilingual(
    vi="Nguồn giữ nguyên cấu trúc: cột, kiểu dữ liệu, đơn vị tính và mã.",
    en="The source keeps its schema: columns, types, units and codes.",
)


def refuse(found: list[Drift], dataset: str) -> None:
    """Check that the source can still be read as it is declared.

    Raises:
        DriftError: something blocks the release; names all that was found.
    """
    blocker = blocker_of(found)
    if blocker is not None:
        text = describe(blocker, dataset)
        raise DriftError(text.what.en, where=dataset, todo=text.todo.en, drift=blocker.drift)


def blocker_of(found: Sequence[Drift]) -> ReleaseBlocker | None:
    """Return drift as a release blocker, or None where a warning is enough."""
    blocks = any(item.stops for item in found)
    return ReleaseBlocker(kind="source_schema", drift=tuple(found)) if blocks else None


def as_check(drift: Sequence[Drift], columns: int) -> CheckResult:
    """Return drift as the result of a check, with what changed in its title.

    Args:
        drift: what changed.
        columns: how many columns were compared.
    """
    title = TITLE
    if drift:
        title = Bilingual(
            vi=f"{TITLE.vi} Khác lần trước: " + "; ".join(x.what.vi for x in drift),
            en=f"{TITLE.en} Since the last release: " + "; ".join(x.what.en for x in drift),
        )
    stops = any(item.stops for item in drift)
    return CheckResult(
        name=SOURCE_SCHEMA_CHECK, expectation=SOURCE_SCHEMA_CHECK, kwargs={},
        severity="critical" if stops else "warning", level="table", title=title,
        outcome="failed" if stops else "warned" if drift else "passed", evaluated=columns,
        unexpected=len(drift),
    )
