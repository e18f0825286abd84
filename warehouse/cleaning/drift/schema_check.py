"""Drift as a reason to stop a dataset, and as the result of a check."""

from __future__ import annotations

from collections.abc import Sequence

from model.errors import DriftError
from model.records.release_blockers import told
from model.records.source_schema import SOURCE_SCHEMA_CHECK, Drift
from model.records.validation import CheckResult, ReleaseBlocker
from model.util.text import Bilingual

TITLE = Bilingual(
    vi="Nguồn giữ nguyên cấu trúc: cột, kiểu dữ liệu, đơn vị tính và mã.",
    en="The source keeps its shape: columns, types, units and codes.",
)


def refuse(found: list[Drift], dataset: str) -> None:
    """Check that the source can still be read as it is declared.

    Raises:
        DriftError: something stops the dataset; all that was found is named.
    """
    stop = blocker_of(found)
    if stop is not None:
        said = told(stop, dataset)
        raise DriftError(said.what.en, where=dataset, todo=said.todo.en, drift=stop.drift)


def blocker_of(found: Sequence[Drift]) -> ReleaseBlocker | None:
    """Return drift as a reason to stop, or None where a warning is enough."""
    return ReleaseBlocker(kind="shape", drift=tuple(found)) if any(x.stops for x in found) else None


def as_check(drift: Sequence[Drift], columns: int) -> CheckResult:
    """Return drift as the result of a check, with what changed in its title.

    Args:
        drift: what changed.
        columns: how many columns were looked at.
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
