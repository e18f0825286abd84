"""Values that are not in their place: exchanged codes, shifted rows or periods, another edition.

Also a file that ends before the last one did.
"""

from expectations.checks.base import EARLIER_RELEASES
from expectations.checks.prefilter import MayFind
from expectations.checks.revisions.common import GrossRevisionCheck
from expectations.checks.sql import columns, number
from model.util.sql import identifier


class ExchangedColumns(GrossRevisionCheck):
    """Two codes or periods whose changed values are, to a `share`, the other's of before."""

    type = "expect_no_codes_exchanged"
    vi = "không có hai chỉ tiêu, khu vực, kỳ hay mã nào bị tráo số liệu so với lần phát hành trước"
    en = (
        "no two indicators, areas, periods or other codes have exchanged their values since the"
        " last release"
    )
    automatic = "not_exchanged"

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
        others = self._others("t" if name == "time_period" else name)
        return self._swapped(
            f"SELECT *, {identifier(name)} AS code FROM changed", f"USING ({others})"
        )

    def _beside(self, name: str, others: list[str]) -> str:
        """Return SQL for two columns of a table whose rows are the codes of `name`."""
        return self._swapped(
            f"SELECT {identifier(name)} AS row, concat_ws(', ', {columns(others)}) AS code, v, v0"
            " FROM changed", "USING (row)",
        )

    def _swapped(self, cells: str, matched: str) -> str:
        """Return SQL for two codes whose values are each other's of before.

        `cells` is a SELECT of the changed values with their `code`; of two codes those belong
        together that are `matched`.
        """
        return f"""
  WITH cell AS ({cells}),
  swapped AS (
    SELECT a.code, b.code AS other, count(*) AS cells
    FROM cell AS a JOIN cell AS b {matched}
    WHERE a.code < b.code AND a.v = b.v0 AND a.v0 = b.v
    GROUP BY ALL HAVING count(DISTINCT a.v) >= {self.min_cells}
  ),
  size AS (SELECT code, count(*) AS n FROM cell GROUP BY code)
  SELECT -cells AS place, code,
    code || ' ⇄ ' || other || ': ' || cells || '/' || least(x.n, y.n) AS observed,
    code AS expected
  FROM swapped JOIN size AS x USING (code) JOIN size AS y ON y.code = other
  WHERE cells >= {self.share} * least(x.n, y.n)"""


class ShiftedValues(GrossRevisionCheck):
    """A `share` of an indicator's changed values are those of another period, or of the next row.

    Rows are areas in the order of the last release's source, or of their codes. At most two rows or
    periods away.
    """

    type = "expect_no_values_shifted"
    vi = "không chỉ tiêu nào có số liệu bị lệch dòng hoặc lệch kỳ so với lần phát hành trước"
    en = "no indicator's values are shifted by a row or a period since the last release"
    automatic = "not_shifted"

    share: float = 0.7
    min_cells: int = 4

    def query(self) -> str:
        series, rest = self._others("t"), self._others("ref_area")
        return f"""{self._pairs()},
changed AS (FROM pair WHERE v <> v0),
size AS (SELECT indicator, count(*) AS n FROM changed GROUP BY indicator),
ranked AS (
  SELECT ref_area, row_number() OVER (ORDER BY min(place), ref_area) AS r
  FROM before GROUP BY ref_area
),
moved AS (
  SELECT a.indicator, 'kỳ/period' AS unit, a.t - b.t AS shift, a.v
  FROM changed AS a JOIN before AS b USING ({series})
  WHERE a.v = b.v AND a.t <> b.t AND abs(a.t - b.t) <= 2
  UNION ALL
  SELECT a.indicator, 'dòng/row', x.r - y.r, a.v
  FROM changed AS a JOIN before AS b USING ({rest})
  JOIN ranked AS x ON x.ref_area = a.ref_area JOIN ranked AS y ON y.ref_area = b.ref_area
  WHERE a.v = b.v AND x.r <> y.r AND abs(x.r - y.r) <= 2
),
shifted AS (
  SELECT indicator, unit, shift, count(*) AS cells FROM moved
  GROUP BY ALL HAVING count(DISTINCT v) >= {self.min_cells}
)
SELECT -cells AS place, indicator,
  indicator || ': ' || printf('%+d', shift::BIGINT) || ' ' || unit || ', ' || cells || '/' || n
    AS observed,
  '0' AS expected
FROM shifted JOIN size USING (indicator) WHERE cells >= {self.share} * n"""


class EarlierEdition(GrossRevisionCheck):
    """A `share` of all changed values, `min_cells` at least, are those of an earlier release."""

    type = "expect_no_earlier_values_again"
    vi = "số liệu được hiệu chỉnh không trở lại giá trị của một lần phát hành cũ hơn"
    en = "revised values are not those of an earlier release again"
    automatic = "not_earlier"

    earlier: str = EARLIER_RELEASES
    share: float = 0.8
    min_cells: int = 5

    def relations(self) -> frozenset[str]:
        return frozenset({self.relation, self.earlier})

    def query(self) -> str:
        series, t = columns(self.series), number(self.frequency)
        return f"""{self._pairs()},
changed AS (FROM pair WHERE v <> v0),
once AS (SELECT {series}, {t} AS t, obs_value AS v FROM {identifier(self.earlier)}),
back AS (SELECT count(*) AS cells FROM changed SEMI JOIN once USING ({series}, t, v)),
size AS (SELECT count(*) AS n FROM changed)
SELECT -cells AS place, cells || '/' || n || ' = bản cũ/earlier release' AS observed,
  '0' AS expected
FROM back, size WHERE cells >= {self.min_cells} AND cells >= {self.share} * n"""


class CutShort(GrossRevisionCheck):
    """At least `min_cells`, and a `share`, are gone: all from the end of a file; nothing is new."""

    type = "expect_file_not_cut_short"
    vi = "tệp nguồn không bị cắt mất phần cuối so với lần phát hành trước"
    en = "the source's file is not cut short compared with the last release"
    dimension = "completeness"
    automatic = "not_cut_short"
    finds_when = MayFind("release", "lost > 0")

    share: float = 0.02
    min_cells: int = 3

    def query(self) -> str:
        key = columns([*self.series, "time_period"])
        return f"""
WITH stored AS (
  SELECT * FROM (SELECT NULL::BIGINT AS source_row, NULL::VARCHAR AS source_part WHERE false)
  UNION ALL BY NAME SELECT * FROM {identifier(self.relation)}
),
before AS (SELECT {key}, source_part, source_row FROM stored WHERE obs_value IS NOT NULL),
now AS (SELECT {key} FROM {{batch}} WHERE obs_value IS NOT NULL),
lost AS (FROM before ANTI JOIN now USING ({key})),
kept AS (
  SELECT source_part, max(source_row) AS last_row
  FROM before SEMI JOIN now USING ({key}) GROUP BY source_part
),
size AS (
  SELECT (SELECT count(*) FROM before) AS expected, (SELECT count(*) FROM lost) AS gone,
    (SELECT count(*) FROM now ANTI JOIN before USING ({key})) AS added,
    (SELECT count(*) FROM lost LEFT JOIN kept USING (source_part)
     WHERE source_row IS NULL OR source_row <= last_row) AS inside,
    (SELECT min(source_row) FROM lost) AS first_row
)
SELECT -gone AS place, expected - gone || ' (' || -gone || ', ' || first_row || ' …)' AS observed,
  expected
FROM size WHERE gone >= greatest({self.min_cells}, {self.share} * expected)
  AND added = 0 AND inside = 0 AND gone < expected"""
