"""Preliminary figures that are not the newest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from expectations.checks.base import Check
from expectations.checks.wording import Wording
from model.util.text import Bilingual


class PreliminaryLast(Check):
    """A final figure after the first preliminary one.

    With `only_last` a preliminary one before the newest period.
    """

    type: ClassVar = "expect_preliminary_last"
    text: ClassVar = Bilingual(vi="{rule}", en="{rule}")

    only_last: bool = False

    def words(self, wording: Wording) -> Mapping[str, str]:
        if self.only_last:
            return {"rule": wording.say(
                "chỉ kỳ cuối có số liệu sơ bộ", "only the last period is preliminary"
            )}
        return {"rule": wording.say(
            "sau số liệu sơ bộ không còn số liệu chính thức",
            "no final figure comes after a preliminary one",
        )}

    def query(self) -> str:
        if self.only_last:
            return (
                "SELECT * FROM {batch} WHERE obs_status = 'P'"
                " AND time_period < (SELECT max(time_period) FROM {batch})"
            )
        return (
            "SELECT * FROM {batch} WHERE obs_status = 'A' AND time_period >"
            " (SELECT min(time_period) FROM {batch} WHERE obs_status = 'P')"
        )
