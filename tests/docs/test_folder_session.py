"""The recorded session of a folder of workbooks is of the commands that the guide names."""

from __future__ import annotations

import html
import re
from pathlib import Path

from docs.folder_session import ANSWERS, PICTURE, SUBJECTS, picture, workbooks
from tests.docs.documents import DOCS


def shown(svg: str) -> str:
    """Return the text of a picture of a terminal."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return "\n".join(html.unescape(re.sub("<[^>]+>", "", each)) for each in texts).replace(
        "\u00a0", " ")


def test_the_recording_shows_the_commands_of_the_guide() -> None:
    guide = (DOCS / "declarations" / "how-to.md").read_text(encoding="utf-8")
    section = guide.partition("## A folder of workbooks")[2].partition("## ")[0]
    commands = re.findall(r"^openindicators .+$", section, re.MULTILINE)
    recorded = shown(PICTURE.read_text(encoding="utf-8"))
    assert len(commands) == 3
    for command in commands:
        assert f"$ {command}" in recorded
    assert f"{len(SUBJECTS)} answers settle" in recorded  # title, description, publisher, coverage
    assert all(answer in recorded for answer in ANSWERS)
    assert "No question is open" in recorded and "site/index.html" in recorded


def test_a_picture_has_every_line(tmp_path: Path) -> None:
    text = "$ openindicators run\nĐà Nẵng  <1>\nSite   data/site/index.html"
    assert shown(picture(text)).splitlines()[-3:] == text.splitlines()
    workbooks(tmp_path)
    assert len(list(tmp_path.glob("*.xlsx"))) == len(SUBJECTS)
