"""A source that serves an earlier edition again."""

from __future__ import annotations

from typing import ClassVar

from expectations.checks.base import EARLIER_RELEASES
from expectations.checks.revisions.common import GrossRevisionCheck
from expectations.checks.sql import columns, number
from model.util.sql import identifier
from model.util.text import LocalizedText


class EarlierEdition(GrossRevisionCheck):
    """A `share` of all changed values, `min_cells` at least, are those of an earlier release."""

    type: ClassVar = "expect_no_earlier_values_again"
    text: ClassVar = LocalizedText(
        vi="số liệu được hiệu chỉnh không trở lại giá trị của một lần phát hành cũ hơn",
        en="revised values are not those of an earlier release again",
    )
    automatic: ClassVar = "not_earlier"

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
