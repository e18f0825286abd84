"""Quality dimensions, outcomes, severities and grades: their words, weights and limits."""

from collections.abc import Iterable
from math import floor
from typing import Literal

from model.records.validation import CheckResult, Outcome, QualityDimension, Severity
from model.util.text import Frozen, LocalizedText

Grade = Literal["A", "B", "C", "D", "E"]


class QualityDimensionInfo(Frozen):
    """A dimension in words, and its weight in the total."""

    title: LocalizedText
    meaning: LocalizedText
    weight: int


# Algorithm 1. Metadata quality stands beside the total: what a validation run finds must not depend
# on how it is described.
QUALITY_DIMENSIONS: dict[QualityDimension, QualityDimensionInfo] = {
    "completeness": QualityDimensionInfo(
        title=LocalizedText(vi="Đầy đủ", en="Completeness"),
        meaning=LocalizedText(
            vi="Bao nhiêu phần số liệu có mặt, so với mọi kỳ từ kỳ đầu đến kỳ cuối của từng chuỗi",
            en="How many figures there are, of all periods between the first and the last of each"
            " series",
        ),
        weight=25,
    ),
    "validity": QualityDimensionInfo(
        title=LocalizedText(vi="Hợp lệ", en="Validity"),
        meaning=LocalizedText(
            vi="Bao nhiêu phần dòng đọc được và qua được các phép kiểm tra từng dòng",
            en="How many rows could be read and pass the checks on single rows",
        ),
        weight=25,
    ),
    "uniqueness": QualityDimensionInfo(
        title=LocalizedText(vi="Không trùng lặp", en="Uniqueness"),
        meaning=LocalizedText(
            vi="Bao nhiêu phần dòng không trùng với dòng khác",
            en="How many rows are no duplicate of another",
        ),
        weight=10,
    ),
    "consistency": QualityDimensionInfo(
        title=LocalizedText(vi="Nhất quán", en="Consistency"),
        meaning=LocalizedText(
            vi="Số liệu khớp với lịch sử của chính nó, với tổng và với các tập dữ liệu khác đến"
            " mức nào",
            en="How well the figures agree with their own history, their totals and other datasets",
        ),
        weight=20,
    ),
    "timeliness": QualityDimensionInfo(
        title=LocalizedText(vi="Kịp thời", en="Timeliness"),
        meaning=LocalizedText(
            vi="Kỳ mới nhất có đến đúng lúc hay không, theo tần suất và nhịp của chính nguồn",
            en="Whether the newest period came when its frequency and its source's own rhythm let"
            " expect it",
        ),
        weight=20,
    ),
    "metadata": QualityDimensionInfo(
        title=LocalizedText(vi="Siêu dữ liệu", en="Metadata"),
        meaning=LocalizedText(
            vi="Mô tả tập dữ liệu tốt đến đâu, theo thang 405 điểm của data.europa.eu (MQA)",
            en="How well the dataset is described, by the 405 points of data.europa.eu (MQA)",
        ),
        weight=0,
    ),
}

# In the order in which people look at them: the worst first.
OUTCOMES: dict[Outcome, LocalizedText] = {
    "failed": LocalizedText(vi="Không đạt", en="Failed"),
    "warned": LocalizedText(vi="Cảnh báo", en="Warned"),
    "not_evaluated": LocalizedText(vi="Chưa xét", en="Not evaluated"),
    "passed": LocalizedText(vi="Đạt", en="Passed"),
}

SEVERITIES: dict[Severity, LocalizedText] = {
    "critical": LocalizedText(vi="Bắt buộc", en="Critical"),
    "warning": LocalizedText(vi="Cảnh báo", en="Warning"),
    "info": LocalizedText(vi="Thông tin", en="Information"),
}


def badness(outcome: Outcome | None) -> int:
    """Return where an outcome stands among OUTCOMES, None (there was no such check) last."""
    return list(OUTCOMES).index(outcome) if outcome else len(OUTCOMES)


def worst_first(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Return checks by their outcome, those of one outcome in the order of their suite."""
    return sorted(checks, key=lambda check: badness(check.outcome))


# The lowest total of each grade, best first.
GRADES: tuple[tuple[Grade, float], ...] = (("A", 95), ("B", 85), ("C", 70), ("D", 50), ("E", 0))


def grade_of(points: float) -> Grade:
    """Return the grade of a total, or of a score, from 0 to 100."""
    return next(grade for grade, lowest in GRADES if points >= lowest)


def shown(points: float) -> str:
    """Return a total, or a score, as it is written everywhere: one decimal, never rounded up, so
    that no figure stands above its own grade and 100.0 is all there is.

    >>> shown(99.97), shown(94.96), shown(100)
    ('99.9', '94.9', '100.0')
    """
    tenths = floor(points * 10 + 1e-6)  # 57.3 is 572.999… tenths in binary
    return f"{tenths / 10:.1f}"
