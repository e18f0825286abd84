"""The page that sets figures of two sources side by side, and says why they differ.

Which pairs there are is declared (`model.reference.reconciliation`). The figures are those of the
releases in the site's folder, so that the page never says anything else than the datasets do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.reference.reconciliation import (
    CitedFigure,
    Reconciliation,
    ReconciliationNote,
    ReleasedFigure,
)
from model.reference.registries import Registries
from model.reference.units import Unit
from model.util.sql import identifier
from model.util.text import LocalizedText
from portal.content import Content
from portal.rendering.environment import render_template
from portal.scope import home_area
from portal.site_folder.state import DatasetState

TEMPLATES = Path(__file__).resolve().parent / "templates"
REASONS = {
    "preliminary": LocalizedText(vi="Số sơ bộ, về sau điều chỉnh", en="Preliminary, later revised"),
    "definition": LocalizedText(vi="Khác định nghĩa, phạm vi", en="Another definition or scope"),
    "territory": LocalizedText(vi="Khác địa giới", en="Another territory"),
    "slip": LocalizedText(vi="Nhầm lẫn", en="A slip"),
    "open": LocalizedText(vi="Chưa rõ", en="Not explained"),
}


@dataclass(frozen=True)
class Side:
    """One of the two figures: its value, and the dataset or the page that gives it."""

    value: float | None  # None: the release no longer has it
    title: LocalizedText
    link: str  # relative to the pages of a language, or the address of a page


@dataclass(frozen=True)
class Pair:
    """A declared pair with its figures."""

    declared: Reconciliation
    unit: Unit
    published: Side
    other: Side

    @property
    def difference(self) -> float | None:
        """The other figure less the published one."""
        if self.published.value is None or self.other.value is None:
            return None
        return self.other.value - self.published.value

    @property
    def percent(self) -> float | None:
        """The difference in percent of the published figure."""
        if self.difference is None or not self.published.value:
            return None
        return 100 * self.difference / abs(self.published.value)


def pairs(states: list[DatasetState], registries: Registries) -> list[Pair]:
    """Return the pairs in `registries` of which the site has the datasets (`states`), in order."""
    known = {state.dataset: state for state in states if state.public and not state.withdrawn}
    found = []
    for declared in registries.reconciliations.values():
        sides = (declared.published, declared.other)
        if not known.keys() >= {side.dataset for side in map(as_released, sides) if side}:
            continue
        published, other = (_side(declared, side, known) for side in sides)
        unit = next(
            each.unit for side in map(as_released, sides) if side
            for each in known[side.dataset].indicators if each.code == side.indicator
        )
        found.append(Pair(declared, registries.units[unit], published, other))
    return found


def as_released(side: ReleasedFigure | CitedFigure) -> ReleasedFigure | None:
    """Return a side that a dataset publishes; None for a cited one."""
    return side if isinstance(side, ReleasedFigure) else None


def render(
    found: list[Pair], notes: Iterable[ReconciliationNote], language: str, base_url: str | None
) -> bytes:
    """Render the page of the pairs that were `found`, in a `language`.

    `notes` say what else was compared, or cannot be; `base_url` as for the catalogue.
    """
    return render_template(
        TEMPLATES, "reconciliation.html", language, root="../", page="reconciliation.html",
        preview=False, base_url=base_url, reasons_why=REASONS, pairs=found, notes=notes,
    )


def reconciled_figures(content: Content) -> dict[str, float]:
    """Return the figures of `content` that declared pairs name, by the pair and which side it is.

    They are read when a release is published, and stand in the dataset's summary.
    """
    found: dict[str, float] = {}
    for declared in content.registries.reconciliations.values():
        for name, side in (("published", declared.published), ("other", declared.other)):
            if not isinstance(side, ReleasedFigure) or side.dataset != content.dataset.id:
                continue
            key = {
                "indicator": side.indicator, "ref_area": declared.ref_area or home_area(),
                "time_period": declared.period, **side.where,
            }
            only = " AND ".join(f"{identifier(column)} = ?" for column in key)
            rows = content.query(
                f"SELECT obs_value FROM t WHERE {only} AND obs_value IS NOT NULL",
                "data.parquet", *key.values(),
            )
            found |= {f"{declared.id}/{name}": value for value, in rows[:1]}
    return found


def _side(
    declared: Reconciliation, side: ReleasedFigure | CitedFigure, known: dict[str, DatasetState]
) -> Side:
    if isinstance(side, CitedFigure):
        return Side(side.value, side.source, str(side.url))
    state = known[side.dataset]
    name = "published" if side is declared.published else "other"
    return Side(
        state.reconciled.get(f"{declared.id}/{name}"), state.title, f"{state.dataset}.html"
    )
