"""Quality dimensions, outcomes, severities and grades: their words, weights and limits."""

from collections.abc import Iterable
from math import floor
from typing import Literal

from model.records.validation import CheckResult, Outcome, QualityDimension, Severity
from model.util.text import Frozen, LocalizedText, _

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
        title=_("Completeness"), weight=25,
        meaning=_(
            "How many figures there are, of all periods between the first and the last of each"
            " series"
        ),
    ),
    "validity": QualityDimensionInfo(
        title=_("Validity"), weight=25,
        meaning=_("How many rows could be read and pass the checks on single rows"),
    ),
    "uniqueness": QualityDimensionInfo(
        title=_("Uniqueness"), weight=10, meaning=_("How many rows are no duplicate of another"),
    ),
    "consistency": QualityDimensionInfo(
        title=_("Consistency"), weight=20,
        meaning=_(
            "How well the figures agree with their own history, their totals and other datasets"
        ),
    ),
    "timeliness": QualityDimensionInfo(
        title=_("Timeliness"), weight=20,
        meaning=_(
            "Whether the newest period came when its frequency and its source's own rhythm let"
            " expect it"
        ),
    ),
    "metadata": QualityDimensionInfo(
        title=_("Metadata"), weight=0,
        meaning=_("How well the dataset is described, by the 405 points of data.europa.eu (MQA)"),
    ),
}

# In the order in which people look at them: the worst first.
OUTCOMES: dict[Outcome, LocalizedText] = {
    "failed": _("Failed"),
    "warned": _("Warned"),
    "not_evaluated": _("Not evaluated"),
    "passed": _("Passed"),
}

SEVERITIES: dict[Severity, LocalizedText] = {
    "critical": _("Critical"),
    "warning": _("Warning"),
    "info": _("Information"),
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


def points_text(points: float) -> str:
    """Return a total, or a score, as it is written everywhere: one decimal, never rounded up, so
    that no figure stands above its own grade and 100.0 is all there is.

    >>> points_text(99.97), points_text(94.96), points_text(100)
    ('99.9', '94.9', '100.0')
    """
    tenths = floor(points * 10 + 1e-6)  # 57.3 is 572.999… tenths in binary
    return f"{tenths / 10:.1f}"
