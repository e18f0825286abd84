"""Drift as a reason to stop a dataset, and as the result of a check."""

from __future__ import annotations

from model.errors import DriftError
from model.records import SHAPE_CHECK, CheckResult, Drift, Shape
from model.text import Bilingual

TITLE = Bilingual(
    vi="Nguồn giữ nguyên cấu trúc: cột, kiểu dữ liệu, đơn vị tính và mã.",
    en="The source keeps its shape: columns, types, units and codes.",
)


def refuse(found: list[Drift], dataset: str) -> None:
    """Make sure that nothing stops the dataset.

    Raises:
        DriftError: something does; all that was found is named.
    """
    stopping = [item for item in found if item.stops]
    if not stopping:
        return
    raise DriftError(
        "the source has another shape than the one that was released last: "
        + "; ".join(item.what.en for item in found),
        where=dataset,
        todo="; ".join(dict.fromkeys(item.todo.en for item in stopping)),
    )


def as_check(shape: Shape) -> CheckResult:
    """Return a shape's drift as the result of a check, with what changed in its title."""
    title = TITLE
    if shape.drift:
        title = Bilingual(
            vi=f"{TITLE.vi} Khác lần trước: " + "; ".join(x.what.vi for x in shape.drift),
            en=f"{TITLE.en} Since the last release: " + "; ".join(x.what.en for x in shape.drift),
        )
    return CheckResult(
        name=SHAPE_CHECK, expectation=SHAPE_CHECK, kwargs={}, severity="warning",
        level="table", title=title,
        outcome="warned" if shape.drift else "passed", evaluated=len(shape.columns),
        unexpected=len(shape.drift),
    )
