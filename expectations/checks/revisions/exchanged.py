"""Two indicators, areas or other codes that have each other's values."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.revisions.common import GrossRevisionCheck
from model.util.sql import identifier
from model.util.text import LocalizedText


class ExchangedColumns(GrossRevisionCheck):
    """Two codes of a column whose changed values are, to a `share`, the other's of before."""

    type: ClassVar = "expect_no_codes_exchanged"
    text: ClassVar = LocalizedText(
        vi="không có hai chỉ tiêu, khu vực hay mã nào bị tráo số liệu so với lần phát hành trước",
        en="no two indicators, areas or other codes have exchanged their values since the last"
        " release",
    )
    automatic: ClassVar = "not_exchanged"

    share: float = 0.8
    min_cells: int = 3

    def query(self) -> str:
        names = [name for name in self.series if name != "geo_vintage"]
        found = " UNION ALL ".join(f"SELECT * FROM ({self._of(name)})" for name in names)
        return f"{self._pairs()}, changed AS (FROM pair WHERE v <> v0) {found}"

    def _of(self, name: str) -> str:
        column = identifier(name)
        return f"""
  WITH swapped AS (
    SELECT a.{column} AS code, b.{column} AS other, count(*) AS cells
    FROM changed AS a JOIN changed AS b USING ({self._others(name)})
    WHERE a.{column} < b.{column} AND a.v = b.v0 AND b.v = a.v0
    GROUP BY ALL HAVING count(DISTINCT a.v) >= {self.min_cells}
  ),
  size AS (SELECT {column} AS code, count(*) AS n FROM changed GROUP BY ALL)
  SELECT -cells AS place, code,
    code || ' ⇄ ' || other || ': ' || cells || '/' || least(x.n, y.n) AS observed,
    code AS expected
  FROM swapped JOIN size AS x USING (code) JOIN size AS y ON y.code = other
  WHERE cells >= {self.share} * least(x.n, y.n)"""
