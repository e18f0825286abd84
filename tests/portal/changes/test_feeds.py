"""What feeds say of a release."""

from __future__ import annotations

from datetime import UTC, datetime

from model.records.release import Changes
from model.util.text import LocalizedText
from portal.changes.feeds import ReleaseNews


def test_a_feed_writes_numbers_as_pages_do() -> None:
    said = ReleaseNews(
        "tourism/hotel_rooms", LocalizedText(vi="Phòng", en="Rooms"), 1, "1.0.0",
        datetime(2026, 11, 30, tzinfo=UTC), "first release",
        Changes(added=1021, revised=20, withdrawn=0),
    ).said
    assert said.get("vi") == "Phát hành lần đầu: 1.021 số liệu mới, 20 được sửa, 0 bị rút."
    assert "1,021 figures new, 20 revised, 0 withdrawn." in said.get("en")
