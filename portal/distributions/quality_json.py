"""The quality report: what every check found, as the release recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.declarations.dataset import Dataset
from model.util.hashing import pretty_json
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import WrittenFile

title = Bilingual(vi="Báo cáo chất lượng (JSON)", en="Quality report (JSON)")
purpose = Bilingual(
    vi="Kết quả của từng phép kiểm tra trên bản phát hành này.",
    en="What every check found in this release.",
)
media_type = "application/json"
file_type = "JSON"


def file_name(dataset: Dataset) -> str:
    """Return the name of the file."""
    return f"{dataset.name}-quality.json"


def package_properties(content: Content) -> dict[str, Any]:
    """Return that the file is plain JSON; `type`: see `Distribution`."""
    return {"type": "json"}


def write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    """Write the release's quality record."""
    path.write_text(pretty_json(content.quality), encoding="utf-8")
