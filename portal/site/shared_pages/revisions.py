"""The page of what publishers revised: for each indicator, the last release against the one before.

It is counted from the table of changes when a release is published, and stands in the dataset's
summary. A figure counts as revised where its value differs by more than another notation of it can.
Where footnotes name the edition of each figure, one that still names the earlier edition is not in
the newer one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.declarations.dataset import FOOTNOTES
from model.records.release import REPRESENTATION
from model.reference.codelist import TOTAL
from model.util.hashing import sha256_json
from model.util.languages import languages
from model.util.sql import identifier
from portal.content import Content
from portal.rendering.environment import render_template
from portal.scope import COUNT, home_area
from portal.site_folder.shared_page import SharedPage
from portal.site_folder.state import DatasetState, RevisedIndicator

TEMPLATES = Path(__file__).resolve().parent / "templates"

_MOST_DECIMALS = 6


@dataclass(frozen=True)
class RevisedDataset:
    """A dataset of which a second release is there, with its indicators."""

    state: DatasetState

    @property
    def indicators(self) -> tuple[RevisedIndicator, ...]:
        """How each was revised, the most revised first."""
        return self.state.revised

    @property
    def common(self) -> int:
        """How many figures both releases have."""
        return sum(each.common for each in self.indicators)

    @property
    def revised(self) -> int:
        """How many of them differ."""
        return sum(each.revised for each in self.indicators)


def compare(states: list[DatasetState]) -> list[RevisedDataset]:
    """Return the datasets with two releases, the most revised first."""
    found = [
        RevisedDataset(state) for state in states if state.public and len(state.releases) > 1
    ]
    return sorted(found, key=lambda each: (-each.revised, each.state.dataset))


def pages(compared: list[RevisedDataset], base_url: str | None) -> Iterator[SharedPage]:
    """Yield the page of what `compare` found in each language; `base_url` as for the catalogue."""
    inputs = sha256_json([
        (state.title.by_language, state.publisher.by_language,
         [path for path in state.pages if path.endswith("/revisions.html")],
         [each.model_dump_json() for each in state.revised])
        for state in (each.state for each in compared)
    ])
    for language in languages():
        yield SharedPage(f"{language}/revisions.html", inputs, partial(
            render_template,
            TEMPLATES, "revisions.html", language, root="../", page="revisions.html",
            preview=False, base_url=base_url, revised=[each for each in compared if each.revised],
            identical=[each for each in compared if each.common and not each.revised],
        ))


def revised_indicators(content: Content) -> tuple[RevisedIndicator, ...]:
    """Return how each indicator of `content`, which follows another release, was revised."""
    dimensions = [
        name for name in content.columns_of("changes.parquet") if name in content.dataset.dimensions
    ]
    selected = ", ".join(map(identifier, ("time_period", "old_value", "new_value", *dimensions)))
    rows = content.query(
        f""", changed AS (
          SELECT *, abs(new_value - old_value) / nullif(abs(old_value), 0) AS moved,
            change = 'revised'
              AND abs(new_value - old_value) > {REPRESENTATION} * abs(old_value) AS differs
          FROM t
        ), figure AS (
          SELECT indicator, count(*) AS all_figures FROM read_parquet(?)
          WHERE obs_value IS NOT NULL GROUP BY indicator
        )
        SELECT figure.indicator,
          CASE WHEN ? THEN count(*) FILTER (change = 'revised')
            ELSE all_figures - count(*) FILTER (change = 'added' AND new_value IS NOT NULL)
          END AS common,
          count(*) FILTER (differs) AS revised, count(*) FILTER (change = 'withdrawn'),
          min(time_period) FILTER (differs), max(time_period) FILTER (differs),
          median(moved) FILTER (differs),
          max_by(row({selected}), moved) FILTER (differs AND ref_area = ? AND moved IS NOT NULL)
        FROM figure LEFT JOIN changed USING (indicator)
        GROUP BY figure.indicator, all_figures HAVING common > 0
        ORDER BY revised DESC, figure.indicator""",
        "changes.parquet", str(content.files.path("data.parquet")), _names_editions(content),
        home_area(),
    )
    found = []
    for code, common, revised, withdrawn, first, last, typical, city in rows:
        period, old, new, *codes = city or ("", 0.0, 0.0)
        names = (
            content.names.name_of(name, code)
            for name, code in zip(dimensions, codes, strict=False) if code != TOTAL
        )
        meaning = content.dataset.indicators[code]
        decimals = meaning.decimals
        while decimals < _MOST_DECIMALS and round(old, decimals) == round(new, decimals):
            decimals += 1  # until the two can be told apart
        found.append(RevisedIndicator(
            name=meaning.name, decimals=decimals,
            unit=None if meaning.unit == COUNT else content.registries.units[meaning.unit].name,
            breakdown=tuple(name for name in names if name),
            common=common, revised=revised, withdrawn=withdrawn, first=first, last=last,
            typical=typical,
            city={"time_period": period, "old_value": old, "new_value": new} if city else None,
        ))
    return tuple(found)


def _names_editions(content: Content) -> bool:
    """Whether every figure has a footnote: those name editions, elsewhere few figures have one."""
    if FOOTNOTES not in content.published_columns:
        return False
    [[named]] = content.query(f"SELECT bool_and({FOOTNOTES} IS NOT NULL) FROM t")
    return bool(named)
