"""Pairs of figures for the same thing that differ between sources, declared with the reason."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl

from model.util.text import Code, Frozen, LocalizedText, Name, Text

# preliminary: one was published before the office revised it; definition: they count different
# things; territory: within other borders; slip: one is an error; open: no source explains it.
Reason = Literal["preliminary", "definition", "territory", "slip", "open"]


class ReleasedFigure(Frozen):
    """A figure of a dataset's current release.

    dataset: its id.
    indicator: the indicator's code.
    where: the code of each dimension.
    """

    dataset: Text
    indicator: Code
    where: dict[Name, str] = {}


class CitedFigure(Frozen):
    """A figure that a page gives, and that no dataset publishes.

    value: in the unit of the comparison.
    source: who gives it, where and when.
    url: the page.
    """

    value: float
    source: LocalizedText
    url: HttpUrl


class ReconciliationNote(Frozen):
    """What was compared and is identical, or cannot be compared.

    title: what is counted.
    explanation: what was compared with what result, or why it cannot be.
    """

    id: Name
    title: LocalizedText
    explanation: LocalizedText


class Reconciliation(Frozen):
    """The same figure from two sources.

    title: what is counted.
    period: ISO 8601, as in the releases.
    ref_area: the area's code, the same in both; by default the city's.
    decimals: how many are shown.
    published: the figure that a dataset publishes.
    other: the figure that differs from it.
    reason: the likely reason of the difference.
    explanation: the reason in words, and what it rests on.
    """

    id: Name
    title: LocalizedText
    period: Text
    ref_area: str | None = None
    decimals: Annotated[int, Field(ge=0, le=9)] = 0
    published: ReleasedFigure
    other: ReleasedFigure | CitedFigure
    reason: Reason
    explanation: LocalizedText
