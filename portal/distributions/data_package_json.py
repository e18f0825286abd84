"""`datapackage.json`: the Data Package descriptor of the other files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.util.hashing import pretty_json
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.metadata import data_package


def _write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    files = (
        (record, form.media_type, form.package_properties(content)) for record, form in others
    )
    text = pretty_json(data_package.descriptor(content, files))
    path.write_text(text, encoding="utf-8", newline="\n")


data_package_json = Distribution.described("data_package_json", _write)
