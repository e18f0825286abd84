"""A file that ends before the last one did."""

from expectations.checks.prefilter import MayFind
from expectations.checks.revisions.common import GrossRevisionCheck
from expectations.checks.sql import columns
from model.util.sql import identifier


class CutShort(GrossRevisionCheck):
    """At least `min_cells`, and a `share`, are gone: all from the end of a file; nothing is new."""

    type = "expect_file_not_cut_short"
    vi = "tệp nguồn không bị cắt mất phần cuối so với lần phát hành trước"
    en = "the source's file is not cut short compared with the last release"
    dimension = "completeness"
    automatic = "not_cut_short"

    share: float = 0.02
    min_cells: int = 3

    def may_find(self) -> MayFind:
        return MayFind("release", "lost > 0")

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
