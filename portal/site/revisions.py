"""The page of what publishers revised: for each indicator, the last release against the one before.

It is made of the tables of changes that every dataset offers, so it counts as they do. A figure
counts as revised where its value differs by more than another notation of it can. Where footnotes
name the edition of each figure, one that still names the earlier edition is not in the newer one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from model.declarations.dataset import FOOTNOTES
from model.util.text import LocalizedText
from portal.rendering.environment import render_template
from portal.scope import home_areas
from portal.site.state import DatasetState

TEMPLATES = Path(__file__).resolve().parent / "templates"
SAME = 1e-6  # relative: the same figure with seven digits (see `warehouse.differences`)

_NO_DIMENSIONS = ("indicator", "ref_area", "geo_vintage", "unit_measure")
# Of each indicator: how many figures both releases have, how many differ, in which periods, by how
# much, and the city's own figure that moved most.
_BY_INDICATOR = """
WITH changed AS (
  SELECT *, abs(new_value - old_value) / nullif(abs(old_value), 0) AS moved,
    change = 'revised' AND abs(new_value - old_value) > $same * abs(old_value) AS differs
  FROM read_csv($changes, all_varchar = false, types = {'time_period': 'VARCHAR',
    'ref_area': 'VARCHAR', 'old_value': 'DOUBLE', 'new_value': 'DOUBLE'})
), figure AS (
  SELECT indicator, count(*) AS all_figures FROM read_parquet($data)
  WHERE obs_value IS NOT NULL GROUP BY indicator
)
SELECT figure.indicator,
  CASE WHEN $named THEN count(*) FILTER (change = 'revised')
    ELSE all_figures - count(*) FILTER (change = 'added' AND new_value IS NOT NULL) END AS common,
  count(*) FILTER (differs) AS revised,
  count(*) FILTER (change = 'withdrawn') AS withdrawn,
  min(time_period) FILTER (differs) AS first, max(time_period) FILTER (differs) AS last,
  median(moved) FILTER (differs) AS typical,
  max_by(changed, moved) FILTER (differs AND ref_area = $city AND moved IS NOT NULL) AS city
FROM figure LEFT JOIN changed USING (indicator)
GROUP BY figure.indicator, all_figures HAVING common > 0 ORDER BY revised DESC, figure.indicator
"""


@dataclass(frozen=True)
class RevisedIndicator:
    """How the figures of an indicator differ between the last two releases.

    common: figures that both have; `revised` of them have another value.
    first, last: the periods that were revised.
    typical: the median of the relative differences.
    city: the city's own figure that moved most: its row in the table of changes.
    breakdown: what that figure is of, in the dataset's dimensions.
    """

    name: LocalizedText
    breakdown: tuple[LocalizedText, ...]
    common: int
    revised: int
    withdrawn: int
    first: str | None
    last: str | None
    typical: float | None
    city: dict[str, Any] | None


@dataclass(frozen=True)
class RevisedDataset:
    """A dataset of which a second release is there, with its indicators."""

    state: DatasetState
    indicators: tuple[RevisedIndicator, ...]

    @property
    def common(self) -> int:
        """How many figures both releases have."""
        return sum(each.common for each in self.indicators)

    @property
    def revised(self) -> int:
        """How many of them differ."""
        return sum(each.revised for each in self.indicators)


def compare(folder: Path, states: list[DatasetState]) -> list[RevisedDataset]:
    """Return the datasets of the site in `folder` with two releases, the most revised first."""
    found = []
    with duckdb.connect() as con:
        for state in states:
            if state.public and len(state.releases) > 1:
                indicators = _indicators(con, folder / "datasets" / state.dataset, state.name)
                found.append(RevisedDataset(state, indicators))
    return sorted(found, key=lambda each: (-each.revised, each.state.dataset))


def render(compared: list[RevisedDataset], language: str, base_url: str | None) -> bytes:
    """Render the page of what `compare` found in a `language`; `base_url` as for the catalogue."""
    return render_template(
        TEMPLATES, "revisions.html", language, root="../", page="revisions.html", preview=False,
        base_url=base_url, revised=[each for each in compared if each.revised],
        identical=[each for each in compared if each.common and not each.revised],
    )


def _indicators(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str
) -> tuple[RevisedIndicator, ...]:
    dictionary = str(folder / f"{name}-dictionary.csv")
    names = {
        (row["column"], row["code"]): LocalizedText(
            **{key[5:]: text for key, text in row.items() if key.startswith("name_") and text}
        )
        for row in _rows(
            con, "SELECT * FROM read_csv($path, all_varchar = true) WHERE code IS NOT NULL",
            path=dictionary,
        )
    }
    changes, data = str(folder / f"{name}-changes.csv"), str(folder / f"{name}.parquet")
    columns = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [data]).fetchall()
    # Footnotes of every figure name editions: elsewhere few figures have one.
    named = FOOTNOTES in [column[0] for column in columns] and _rows(
        con, f"SELECT bool_and({FOOTNOTES} IS NOT NULL) AS named FROM read_parquet($data)",
        data=data,
    )[0]["named"]
    found = _rows(
        con, _BY_INDICATOR, changes=changes, data=data, same=SAME, named=named,
        city=next(iter(home_areas()), ""),
    )
    return tuple(
        RevisedIndicator(
            name=names["indicator", row.pop("indicator")],
            breakdown=tuple(
                names[column, code] for column, code in (row["city"] or {}).items()
                if column not in _NO_DIMENSIONS and (column, code) in names
            ),
            **row,
        )
        for row in found
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    found = con.execute(sql, values)
    columns = [item[0] for item in found.description]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
