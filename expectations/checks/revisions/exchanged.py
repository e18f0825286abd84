"""Two indicators, areas, periods or other codes that have each other's values."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.revisions.common import GrossRevisionCheck
from expectations.checks.sql import columns
from model.util.sql import identifier
from model.util.text import LocalizedText


class ExchangedColumns(GrossRevisionCheck):
    """Two codes or periods whose changed values are, to a `share`, the other's of before."""

    type: ClassVar = "expect_no_codes_exchanged"
    text: ClassVar = LocalizedText(
        vi="không có hai chỉ tiêu, khu vực, kỳ hay mã nào bị tráo số liệu so với lần phát hành"
        " trước",
        en="no two indicators, areas, periods or other codes have exchanged their values since the"
        " last release",
    )
    automatic: ClassVar = "not_exchanged"

    share: float = 0.8
    min_cells: int = 3

    def query(self) -> str:
        names = [*(name for name in self.series if name != "geo_vintage"), "time_period"]
        single = " UNION ALL ".join(f"SELECT * FROM ({self._of(name)})" for name in names)
        several = " UNION ALL ".join(
            f"SELECT * FROM ({self._beside(name, [each for each in names if each != name])})"
            for name in names
        )
        return f"""{self._pairs()},
changed AS (FROM pair WHERE v <> v0),
single AS ({single})
FROM single UNION ALL SELECT * FROM ({several}) WHERE (SELECT count(*) FROM single) = 0"""

    def _of(self, name: str) -> str:
        """Return SQL for two codes of a column, where all others are the same."""
        column = identifier(name)
        others = self._others("t" if name == "time_period" else name)
        return f"""
  WITH swapped AS (
    SELECT a.{column} AS code, b.{column} AS other, count(*) AS cells
    FROM changed AS a JOIN changed AS b USING ({others})
    WHERE a.{column} < b.{column} AND a.v = b.v0 AND b.v = a.v0
    GROUP BY ALL HAVING count(DISTINCT a.v) >= {self.min_cells}
  ),
  size AS (SELECT {column} AS code, count(*) AS n FROM changed GROUP BY ALL)
  SELECT -cells AS place, code,
    code || ' ⇄ ' || other || ': ' || cells || '/' || least(x.n, y.n) AS observed,
    code AS expected
  FROM swapped JOIN size AS x USING (code) JOIN size AS y ON y.code = other
  WHERE cells >= {self.share} * least(x.n, y.n)"""

    def _beside(self, name: str, others: list[str]) -> str:
        """Return SQL for two columns of a table whose rows are the codes of `name`."""
        return f"""
  WITH cell AS (
    SELECT {identifier(name)} AS row, concat_ws(', ', {columns(others)}) AS code, v, v0
    FROM changed
  ),
  swapped AS (
    SELECT a.code, b.code AS other, count(*) AS cells
    FROM cell AS a JOIN cell AS b ON a.row = b.row AND a.v = b.v0 AND a.v0 = b.v
    WHERE a.code < b.code GROUP BY ALL HAVING count(DISTINCT a.v) >= {self.min_cells}
  ),
  size AS (SELECT code, count(*) AS n FROM cell GROUP BY code)
  SELECT -cells AS place, code,
    code || ' ⇄ ' || other || ': ' || cells || '/' || least(x.n, y.n) AS observed,
    code AS expected
  FROM swapped JOIN size AS x USING (code) JOIN size AS y ON y.code = other
  WHERE cells >= {self.share} * least(x.n, y.n)"""
