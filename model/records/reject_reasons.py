"""Why a row is held back, in the reader's language.

A row's reasons are kept as English text: "<check>: <its title>" for a check that it breaks, and
sentences of the reader of cells, joined by "; ". What is not ours in them, the source's own words
and the names of codes, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from model.util.text import Bilingual, plain

_QUOTED = r"('.*?'|\".*?\")"
_READING = tuple((re.compile(pattern), words) for pattern, words in (
    (r"(\w+) is empty", r"thiếu \1"),
    (rf"time period: {_QUOTED}: the year is outside (\S+)", r"năm của kỳ \1 nằm ngoài \2"),
    (rf"time period: {_QUOTED}.*", r"không đọc được kỳ thời gian \1"),
    (r"status (.+) is none of (.+)", r"trạng thái \1 không thuộc các mã \2"),
    (r"scale (.+) is none of (.+)", r"bậc đơn vị \1 không thuộc \2"),
    (r"value (.+) is not a number written as .+",
     r"giá trị \1 không phải là số theo cách viết đã khai báo"),
    (r"value (.+) is too large for a number", r"giá trị \1 quá lớn"),
    (r"the value is not a finite number", r"giá trị không phải là số hữu hạn"),
    (r"(\w+): (.+) is not in codelist ([\w-]+)( \(.+\))?", r"\1: \2 không có trong danh mục mã \3"),
    (r"(\w+): (.+) is ambiguous in codelist ([\w-]+): it can mean (.+)",
     r"\1: \2 có thể hiểu theo nhiều cách trong danh mục mã \3: \4"),
    (r"(\w+): (.+) is (.+) in codelist ([\w-]+), not within (.+)",
     r"\1: \2 trong danh mục mã \4 là \3, không thuộc \5"),
    (r"(\w+): (.+) has no successor in ([\w-]+)", r"\1: \2 không có đơn vị kế tục trong \3"),
    (r"(\w+): (.+) was split into (.+): declare which", r"\1: \2 đã được tách thành \3"),
    (r"in ([\w-]+) it is (.+)", r"trong danh mục mã \1 là \2"),
))


def in_words(reason: str, titles: Mapping[str, Bilingual]) -> Bilingual:
    """Return a reason in both languages.

    Args:
        reason: as the quarantine has it.
        titles: of the checks of the dataset's suite, by name.
    """
    name = reason.partition(":")[0]
    if name in titles:
        return titles[name]
    parts = plain(reason).split("; ")
    return Bilingual(vi="; ".join(map(_vietnamese, parts)), en="; ".join(parts))


def _vietnamese(part: str) -> str:
    for pattern, words in _READING:
        if pattern.fullmatch(part):
            return pattern.sub(words, part)
    return part
