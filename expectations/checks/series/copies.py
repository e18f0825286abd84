"""Series that are the same as another."""


from expectations.checks.areas.groups import group_codes
from expectations.checks.base import Arguments, SeriesCheck
from expectations.checks.sql import columns, points, texts
from model.declarations.dataset import Dataset
from model.reference.registries import Registries


class SeriesCopies(SeriesCheck):
    """The first observation of each stretch that two series share, where hardly any others do.

    Values of two digits coincide by chance and are not counted; nor are the areas `apart`, such as
    groups of countries that have the same members. A stretch of `periods` has a period whose number
    `periods` divides: only those are compared at first, and only the series that meet there are
    looked at again.
    """

    type = "expect_series_to_differ_from_each_other"
    vi = "không chuỗi nào trùng với chuỗi khác trong nhiều kỳ"
    en = "no series is the same as another over many periods"
    severity = "warning"
    automatic = "series_differ"

    periods: int = 5
    usual_share: float = 0.01
    apart: list[str] = []

    @classmethod
    def automatic_arguments(cls, dataset: Dataset, registries: Registries) -> Arguments:
        return {"apart": group_codes(dataset, registries)}

    def query(self) -> str:
        but = f" AND ref_area NOT IN ({texts(self.apart)})" if self.apart else ""
        every = points(self.series, self.frequency) + but
        return f"""
WITH met AS (
  SELECT t, v, min(series) AS one, max(series) AS other FROM ({every})
  WHERE t % {self.periods} = 0 AND v <> 0 GROUP BY t, v
  HAVING count(*) = 2 AND one <> other
),
pair AS (SELECT DISTINCT one, other FROM met),
point AS (
  SELECT * FROM ({every})
  SEMI JOIN (SELECT one AS series FROM pair UNION SELECT other FROM pair) USING (series)
),
stretch AS (
  SELECT a.series AS one, b.series AS other, count(*) AS periods, min(a.t) AS t
  FROM pair JOIN point a ON a.series = pair.one
  JOIN point b ON b.series = pair.other AND b.t = a.t
  WHERE a.v = b.v AND a.v <> 0
  GROUP BY a.series, b.series
  HAVING count(DISTINCT a.v) FILTER (a.v <> round(a.v, 1 - floor(log10(abs(a.v)))::INTEGER))
    >= {self.periods}
),
usual AS (
  SELECT (SELECT count(*) FROM stretch) <= greatest(1, {self.usual_share} *
    (SELECT count(DISTINCT series) FROM ({every}))) AS unusual
),
both_sides AS (
  SELECT one AS series, other AS copy, t, periods FROM stretch, usual WHERE unusual
  UNION ALL SELECT other, one, t, periods FROM stretch, usual WHERE unusual
),
named AS (
  SELECT hash({columns(self.series)}) AS copy,
    any_value(concat_ws(' ', {columns(self.series)})) AS reference
  FROM {{batch}} WHERE copy IN (SELECT copy FROM both_sides) GROUP BY copy
)
SELECT _id, v AS observed, reference, periods
FROM point JOIN both_sides USING (series, t) JOIN named USING (copy)"""
