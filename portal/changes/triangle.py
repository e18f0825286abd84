"""The page of a dataset's revisions: what was said of a figure first, and in each release since.

Economists call the table a revision triangle: a row for each figure, a column for each release. It
is read from the `changes.parquet` of all releases; another notation of a number is no revision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from model.records.release import REPRESENTATION
from model.util.languages import languages
from model.util.sql import identifier
from model.util.text import LocalizedText
from portal.changes.offered import OfferedRelease
from portal.content import Content
from portal.rendering.environment import render_template
from portal.scope import home_area

PAGE = "{language}/{dataset}/revisions.html"
FIGURES = 30  # in the table: the city's first, then those that moved most
VINTAGES = 8  # releases in the table, the newest ones
TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True)
class RevisedFigure:
    """A figure in each release: `values` by number of the release, None where it was not there."""

    key: dict[str, str]
    values: dict[int, float | None]

    @property
    def moved(self) -> float | None:
        """How far the last value is from the first, as a share of it."""
        known = [value for value in self.values.values() if value is not None]
        return (known[-1] - known[0]) / abs(known[0]) if known and known[0] else None


@dataclass(frozen=True)
class IndicatorRevisions:
    """How the figures of an indicator were revised, from the first to the last release.

    revised: figures that were.
    typical: the median distance of last and first value, as a share of the first one.
    direction: the same with its sign: first figures that are too low on the whole are positive.
    """

    name: LocalizedText
    revised: int
    typical: float | None
    direction: float | None


def render(
    content: Content, items: Sequence[OfferedRelease], in_full: Mapping[int, Path],
    packed: Sequence[Path], base_url: str | None,
) -> dict[str, bytes]:
    """Render the page in each language: path in the site -> bytes; none without a revision.

    `content` is the current of all releases (`items`, oldest first). What they changed is in tables
    of one release (`in_full`, by its number), and of several each (`packed`, see `MayBePacked`).
    `base_url` is the site's address on the web with a slash at the end, if known.
    """
    if not any(item.release.changes.revised for item in items):
        return {}
    history = _History(content, [item.release.number for item in items], in_full, packed)
    figures, indicators = history.figures(), history.indicators()
    if not indicators:
        return {}
    dataset = content.dataset
    values: dict[str, Any] = {
        "root": "../../../", "page": f"{dataset.id}/revisions.html", "preview": False,
        "base_url": base_url, "dataset": dataset, "content": content,
        "shown": list(items)[-VINTAGES:], "figures": figures, "indicators": indicators,
        "total": sum(item.revised for item in indicators),
        "folder": f"../../../datasets/{dataset.id}/",
    }
    return {
        PAGE.format(language=language, dataset=dataset.id): render_template(
            TEMPLATES, "triangle.html", language, **values
        )
        for language in languages()
    }


class _History:
    """The changes of all releases as one relation: `c`, and in `r` the figures that were revised.

    numbers: of the releases, oldest first; `in_full` and `packed` are as in `render`.
    """

    def __init__(
        self, content: Content, numbers: Sequence[int], in_full: Mapping[int, Path],
        packed: Sequence[Path],
    ) -> None:
        self.content = content
        columns = content.columns_of("changes.parquet")
        self.key = [name for name in content.dataset.key if name in columns]
        self.numbers = list(numbers)
        paths = [str(path) for path in in_full.values()]
        self._names = ", ".join(map(identifier, self.key))
        self._parameters = [list(in_full), paths, paths]
        of_packs = ""
        if packed:
            of_packs = """UNION ALL BY NAME SELECT * RENAME (release AS number)
              FROM read_parquet(?, union_by_name = true)"""
            self._parameters.append([str(path) for path in packed])
        self._with = f""", c AS (
          SELECT *, list_extract(?::INTEGER[], list_position(?::VARCHAR[], filename)) AS number
          FROM read_parquet(?, union_by_name = true, filename = true) {of_packs}
        ), r AS (
          SELECT {self._names},
            arg_min(old_value, number) AS first, arg_max(new_value, number) AS last,
            (last - first) / nullif(abs(first), 0) AS moved
          FROM c WHERE change = 'revised'
            AND abs(new_value - old_value) > {REPRESENTATION} * abs(old_value)
          GROUP BY {self._names}
        )"""

    def indicators(self) -> list[IndicatorRevisions]:
        """Return how each indicator was revised, the most revised first."""
        rows = self.content.query(
            f"{self._with} SELECT indicator, count(*) AS revised, median(abs(moved)),"
            " median(moved) FROM r GROUP BY indicator ORDER BY revised DESC, indicator",
            "changes.parquet", *self._parameters,
        )
        declared = self.content.dataset.indicators
        return [
            IndicatorRevisions(declared[code].name, *found)
            for code, *found in rows if code in declared
        ]

    def figures(self) -> list[RevisedFigure]:
        """Return the first FIGURES, by the city, then by how far they moved."""
        rows = self.content.query(
            f"""{self._with}, shown AS (
              SELECT *, row_number() OVER (
                ORDER BY ref_area = ? DESC, abs(moved) DESC NULLS LAST, {self._names}
              ) AS rank FROM r QUALIFY rank <= {FIGURES}
            )
            SELECT rank, {self._names}, number, change, old_value, new_value
            FROM c JOIN shown USING ({self._names}) ORDER BY rank, number""",
            "changes.parquet", *self._parameters, home_area(),
        )
        return [
            self._figure([row[1:] for row in group])
            for _, group in groupby(rows, key=lambda row: row[0])
        ]

    def _figure(self, steps: list[tuple[Any, ...]]) -> RevisedFigure:
        """Return a figure from its changes, in order: key, number, change, old and new value."""
        *key, _, change, old, _ = steps[0]
        value = None if change == "added" else old  # it was there before the first change
        changed = {step[-4]: step[-1] for step in steps}
        values = {}
        for number in self.numbers:
            values[number] = value = changed.get(number, value)
        return RevisedFigure(dict(zip(self.key, key, strict=True)), values)
