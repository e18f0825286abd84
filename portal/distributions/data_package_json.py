"""`datapackage.json`: the Data Package descriptor of the other files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.util.hashing import pretty_json
from model.util.text import Bilingual
from portal.content import Content
from portal.distributions.base import Distribution, WrittenFile
from portal.metadata import data_package


def _write(content: Content, path: Path, others: Sequence[WrittenFile]) -> None:
    files = (
        (record, form.media_type, form.package_properties(content)) for record, form in others
    )
    text = pretty_json(data_package.descriptor(content, files))
    path.write_text(text, encoding="utf-8", newline="\n")


data_package_json = Distribution(
    title=Bilingual(vi="Data Package", en="Data Package"),
    purpose=Bilingual(
        vi="Mô tả máy đọc được của mọi tệp: cột, kiểu, giấy phép, mã kiểm tra.",
        en="A machine-readable description of all files: columns, types, licence, checksums.",
    ),
    media_type="application/vnd.datapackage+json",
    file_type="JSON",
    name="datapackage.json",  # the standard's
    write=_write,
)
