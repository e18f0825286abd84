"""What the last release had and the table has no longer: rows, areas, periods, statuses, values."""


from expectations.checks.base import ReleaseCheck, SeriesCheck
from expectations.checks.prefilter import MayFind
from expectations.checks.sql import columns
from model.util.sql import identifier


class LostRows(ReleaseCheck):
    """Fewer rows than `min_share` of the last release's, where that has `min_rows` at least."""

    type = "expect_most_rows_of_last_release"
    vi = "số dòng không ít hơn nhiều so với lần phát hành trước"
    en = "there are not many fewer rows than in the last release"
    level = "table"
    dimension = "completeness"
    automatic = "rows_of_last_release"
    finds_when = MayFind("release", "now_rows < before_rows")

    min_share: float = 0.5
    min_rows: int = 10

    def query(self) -> str:
        return f"""
WITH size AS (
  SELECT (SELECT count(*) FROM {{batch}}) AS observed, count(*) AS expected
  FROM {identifier(self.relation)}
)
SELECT observed, expected, observed / expected AS factor FROM size
WHERE observed < {self.min_share} * expected AND expected >= {self.min_rows}"""


class LostAreas(ReleaseCheck):
    """Indicator and area that the last release had, and the table has not at all."""

    type = "expect_all_areas_of_last_release"
    vi = "khu vực nào có trong lần phát hành trước thì vẫn còn, ở từng chỉ tiêu"
    en = "each area of the last release is still there, in each indicator"
    level = "table"
    severity = "warning"
    dimension = "completeness"
    automatic = "areas_of_last_release"
    finds_when = MayFind("release", "lost > 0")

    def query(self) -> str:
        return f"""
WITH before AS (
  SELECT indicator, ref_area, geo_vintage, count(*) AS expected,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (SELECT DISTINCT indicator, ref_area, geo_vintage FROM {{batch}} WHERE obs_value IS NOT NULL)
SELECT indicator, ref_area, geo_vintage, 0 AS observed, expected, reference
FROM before ANTI JOIN now USING (indicator, ref_area, geo_vintage)"""


class LostReleasePeriods(ReleaseCheck):
    """Indicator and period with less than `min_share` of the last release's values."""

    type = "expect_all_periods_of_last_release"
    vi = "kỳ nào có trong lần phát hành trước thì vẫn còn số liệu, ở từng chỉ tiêu"
    en = "each period of the last release still has its values, in each indicator"
    level = "table"
    severity = "warning"
    dimension = "completeness"
    automatic = "periods_of_last_release"
    finds_when = MayFind("release", "lost > 0")

    min_share: float = 0.8

    def query(self) -> str:
        return f"""
WITH before AS (
  SELECT indicator, time_period, count(*) AS expected
  FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL GROUP BY ALL
),
now AS (
  SELECT indicator, time_period, count(*) AS observed
  FROM {{batch}} WHERE obs_value IS NOT NULL GROUP BY ALL
)
SELECT indicator, time_period, coalesce(observed, 0) AS observed, expected,
  coalesce(observed, 0) / expected AS factor
FROM before LEFT JOIN now USING (indicator, time_period)
WHERE coalesce(observed, 0) < {self.min_share} * expected"""


class WithdrawnObservations(ReleaseCheck, SeriesCheck):
    """A series that is still there, without observations that the last release had."""

    type = "expect_no_observation_to_be_withdrawn"
    vi = "chuỗi nào còn thì vẫn giữ mọi quan sát của lần phát hành trước"
    en = "each series that is still there has every observation of the last release"
    level = "table"
    severity = "warning"
    automatic = "observations_of_last_release"
    finds_when = MayFind("release", "lost > 0")

    def query(self) -> str:
        series = columns(self.series)
        return f"""
WITH before AS (
  SELECT {series}, time_period FROM {identifier(self.relation)} WHERE obs_value IS NOT NULL
),
now AS (SELECT {series}, time_period FROM {{batch}} WHERE obs_value IS NOT NULL),
lost AS (FROM before ANTI JOIN now USING ({series}, time_period))
SELECT {series}, count(*) AS missing, min(time_period) AS time_period,
  min(time_period) || ' … ' || max(time_period) AS reference
FROM lost SEMI JOIN now USING ({series}) GROUP BY {series}"""


class LostStatuses(ReleaseCheck, SeriesCheck):
    """A status that no observation has any more, though a `share` of its values are unchanged.

    Figures that become final are revised, or others become preliminary after them. `min_cells` at
    least.
    """

    type = "expect_all_statuses_of_last_release"
    vi = "trạng thái số liệu (sơ bộ, ước tính…) của lần phát hành trước vẫn còn"
    en = "the statuses of the last release (preliminary, estimated …) are still there"
    level = "table"
    severity = "warning"
    automatic = "statuses_of_last_release"
    finds_when = MayFind("release", "unmarked > 0")

    share: float = 0.9
    min_cells: int = 3

    def query(self) -> str:
        key = columns([*self.series, "time_period"])
        return f"""
WITH pair AS (
  SELECT before.obs_status AS status, before.time_period, now.obs_status = 'A' AS is_lost,
    now.obs_value = before.obs_value AS is_same
  FROM {identifier(self.relation)} AS before JOIN {{batch}} AS now USING ({key})
  WHERE before.obs_status <> 'A' AND now.obs_value IS NOT NULL
),
counted AS (
  SELECT status, count(*) AS n, count(*) FILTER (is_lost AND is_same) AS cells,
    min(time_period) || ' … ' || max(time_period) AS reference
  FROM pair WHERE status NOT IN (SELECT DISTINCT obs_status FROM {{batch}}) GROUP BY status
)
SELECT status || ' → A: ' || cells || '/' || n AS observed, status AS expected, reference
FROM counted WHERE cells >= greatest({self.min_cells}, {self.share} * n)"""
