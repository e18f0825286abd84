"""Schema drift: what a source changed in its shape since its last release, in words.

What stops a dataset is what its declaration relies on: a column that is read, its type, its
unit, a code that no codelist knows. A declaration that reads the source otherwise than the
last release did is a person's answer to a change of columns, types and units. Only a codelist,
a `map` or `allow` is an answer to an unknown code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from model.dataset import ColumnRule, Dataset, Source
from model.errors import DriftError
from model.records import SHAPE_CHECK, CheckResult, Drift, Shape
from model.text import Bilingual, fold
from warehouse.shapes import read_columns

TITLE = Bilingual(
    vi="Nguồn giữ nguyên cấu trúc: cột, kiểu dữ liệu, đơn vị tính và mã.",
    en="The source keeps its shape: columns, types, units and codes.",
)
MAX_TOLD = 5  # of one kind, by name
NEAR = 0.6  # likeness from which a new name is told as the nearest one
# Concepts whose text may be anything: their column has no type to keep.
FREE = {"time_period", "obs_note", "obs_status"}

_MEND = Bilingual(
    vi="sửa `columns` của nguồn trong khai báo; nếu vẫn đọc đúng thì ghi ngày đã kiểm tra vào"
    " `checked`",
    en="mend the source's `columns` in the declaration; where all is read rightly as it is, write"
    " the day on which you looked into its `checked`",
)
_LOOK = Bilingual(
    vi="không cần làm gì, trừ khi tập dữ liệu cần đến",
    en="nothing, unless the dataset has a use for it",
)


def of_table(
    last: Shape,
    shape: Shape,
    source: Source,
    rules: Mapping[str, ColumnRule],
    sql: str | None,
) -> list[Drift]:
    """Return what changed in columns, types, units and parts, most important first.

    Args:
        last: the shape of the snapshot that was released last.
        shape: of the new snapshot.
        source: the source of the profile at work.
        rules: where each concept comes from.
        sql: text of the declaration's SQL file.
    """
    if last.read_by != shape.read_by:
        return []
    used = _Used(source, rules, sql)
    found = [
        *_columns(last, shape, source, used), *_types(last, shape, rules, used),
        *_units(last, shape), *_parts(last, shape),
    ]
    return sorted(found, key=lambda item: not item.stops)


class _Used:
    """Which columns the declaration relies on."""

    def __init__(
        self, source: Source, rules: Mapping[str, ColumnRule], sql: str | None
    ) -> None:
        self.names = read_columns(rules) | set(source.where)
        self.wide = source.unpivot
        self.sql = (sql or "").casefold()

    def unpivots(self, name: str) -> bool:
        """Whether a column becomes rows."""
        if self.wide is None:
            return False
        if self.wide.columns is not None:
            return name in self.wide.columns
        return re.fullmatch(self.wide.matching or "", name) is not None

    def __call__(self, name: str) -> bool:
        return name in self.names or self.unpivots(name) or name.casefold() in self.sql


def _columns(last: Shape, shape: Shape, source: Source, used: _Used) -> Iterable[Drift]:
    gone = [name for name in last.columns if name not in shape.columns]
    new = [name for name in shape.columns if name not in last.columns]
    nearest = _pairs(last, shape, gone, new)
    for name in gone:
        stops = used(name)
        yield Drift(
            kind="column", stops=stops, todo=_MEND if stops else _LOOK,
            what=_gone_words(name, nearest.get(name), last, shape),
        )
    for name in new:
        if name in nearest.values() or used.unpivots(name):
            continue  # told already; or its name is a label, and told as a code
        stops = not source.allow.new_columns
        yield Drift(
            kind="column", stops=stops, todo=_MEND if stops else _LOOK,
            what=Bilingual(vi=f"cột mới {_name(name)}", en=f"new column {_name(name)}"),
        )


def _gone_words(name: str, near: str | None, last: Shape, shape: Shape) -> Bilingual:
    vi, en = f"cột {_name(name)} không còn", f"column {_name(name)} is gone"
    if near is None:
        return Bilingual(vi=vi, en=en)
    same = _same_values(last, shape, name, near)
    of = len(last.columns[name].sketch)
    return Bilingual(
        vi=f"{vi}; cột mới gần nhất: {_name(near)}" + (f" ({same}/{of} giá trị mẫu trùng)"
                                                       if same else ""),
        en=f"{en}; nearest new column: {_name(near)}" + (f" ({same} of {of} sampled values are"
                                                         " the same)" if same else ""),
    )


def _same_values(last: Shape, shape: Shape, old: str, new: str) -> int:
    return len({*last.columns[old].sketch} & {*shape.columns[new].sketch})


def _pairs(last: Shape, shape: Shape, gone: list[str], new: list[str]) -> dict[str, str]:
    """Return the nearest new column of each that is gone, each at most once."""

    def likeness(old: str, name: str) -> float:
        share = _same_values(last, shape, old, name) / max(1, len(last.columns[old].sketch))
        return max(share, _alike(old, name))

    ranked = sorted(
        ((-likeness(old, name), old, name) for old in gone for name in new),
    )
    found: dict[str, str] = {}
    for score, old, name in ranked:
        if -score >= NEAR and old not in found and name not in found.values():
            found[old] = name
    return found


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, fold(one), fold(other), autojunk=False).ratio()


def _types(
    last: Shape, shape: Shape, rules: Mapping[str, ColumnRule], used: _Used
) -> Iterable[Drift]:
    free = {rule.column for concept, rule in rules.items() if concept in FREE}
    for name, before in last.columns.items():
        now = shape.columns.get(name)
        # A few odd cells make a column "mixed"; the rows concerned are held back, with reasons.
        if now is None or name in free or {before.kind, now.kind} & {"mixed", "empty"}:
            continue
        if before.kind != now.kind:
            stops = used(name)
            yield Drift(
                kind="type", stops=stops, todo=_MEND if stops else _LOOK,
                what=Bilingual(
                    vi=f"cột {_name(name)} trước là {_KINDS_VI[before.kind]}, nay là"
                    f" {_KINDS_VI[now.kind]}",
                    en=f"column {_name(name)} was {before.kind}, is now {now.kind}",
                ),
            )


_KINDS_VI = {
    "number": "số", "number as text": "số viết dạng chữ", "date": "ngày", "text": "chữ",
    "other": "kiểu khác",
}


def _units(last: Shape, shape: Shape) -> Iterable[Drift]:
    for key, before in last.units.items():
        now = shape.units.get(key)
        if now is not None and now != before:
            yield Drift(
                kind="unit", stops=True, todo=_MEND,
                what=Bilingual(
                    vi=f"đơn vị tính ({_name(key)}) trước là {_list(before)}, nay là {_list(now)}",
                    en=f"the unit ({_name(key)}) was {_list(before)}, is now {_list(now)}",
                ),
            )


def _parts(last: Shape, shape: Shape) -> Iterable[Drift]:
    gone = [name for name in last.parts if name not in shape.parts]
    new = [name for name in shape.parts if name not in last.parts]
    if gone:
        yield Drift(
            kind="part", stops=False, todo=_LOOK,
            what=Bilingual(
                vi=f"tệp không còn: {_list(gone)}" + (f"; tệp mới: {_list(new)}" if new else ""),
                en=f"file gone: {_list(gone)}" + (f"; new file: {_list(new)}" if new else ""),
            ),
        )
    elif new:
        yield Drift(
            kind="part", stops=False, todo=_LOOK,
            what=Bilingual(vi=f"tệp mới: {_list(new)}", en=f"new file: {_list(new)}"),
        )


def of_codes(last: Shape, shape: Shape, dataset: Dataset, source: Source) -> list[Drift]:
    """Return which codes are unknown, new or gone, most important first."""
    found: list[Drift] = []
    for concept, labels in shape.codes.items():
        before = last.codes.get(concept)
        if before is None:
            continue
        unknown = [
            label for label, code in labels.items()
            if code is None and before.get(label, "") is not None
        ]
        if unknown:
            gone = [label for label in before if label not in labels]
            found.append(_unknown(concept, unknown, gone, dataset, source))
        known, known_before = ({*item.values()} - {None, ""} for item in (labels, before))
        for vi, en, codes in (
            ("mã mới", "new", known - known_before), ("mã không còn", "gone", known_before - known)
        ):
            if codes:
                listed = _list(sorted(str(code) for code in codes))
                found.append(
                    Drift(
                        kind="code", stops=False, todo=_LOOK,
                        what=Bilingual(
                            vi=f"{vi} của `{concept}`: {listed}", en=f"{en} `{concept}`: {listed}"
                        ),
                    )
                )
    return sorted(found, key=lambda item: not item.stops)


def _unknown(
    concept: str, unknown: list[str], gone: list[str], dataset: Dataset, source: Source
) -> Drift:
    told = []
    for label in unknown[:MAX_TOLD]:
        near = max(gone, key=lambda old: _alike(old, label), default=None)
        told.append((label, near if near and _alike(near, label) >= NEAR else None))
    more = len(unknown) - len(told)
    allowed = concept in source.allow.new_codes
    return Drift(
        kind="code", stops=not allowed,
        what=Bilingual(
            vi=f"mã lạ của `{concept}`: "
            + ", ".join(_name(x) + (f" (gần với {_name(y)}, nay không còn)" if y else "")
                        for x, y in told) + (f" và {more} mã khác" if more else ""),
            en=f"unknown `{concept}`: "
            + ", ".join(_name(x) + (f" (nearest to {_name(y)}, which is gone)" if y else "")
                        for x, y in told) + (f" and {more} more" if more else ""),
        ),
        todo=Bilingual(
            vi=f"thêm vào danh mục mã hoặc `map`; hoặc cho phép: `allow: {{new_codes:"
            f" [{concept}]}}` (các dòng đó bị giữ lại)",
            en=f"add it to {_where_known(concept, dataset)} or to `map`; or let its rows be held"
            f" back: `allow: {{new_codes: [{concept}]}}`",
        ),
    )


def _where_known(concept: str, dataset: Dataset) -> str:
    if concept == "ref_area":
        return f"the codelist `{dataset.geography.codelist}`"
    dimension = dataset.dimensions.get(concept)
    if dimension and dimension.codelist:
        return f"the codelist `{dimension.codelist}`"
    return "`indicators`" if concept == "indicator" else "its codes"


def refuse(found: list[Drift], dataset: str) -> None:
    """Make sure that nothing stops the dataset.

    Raises:
        DriftError: something does; all that was found is named.
    """
    stopping = [item for item in found if item.stops]
    if not stopping:
        return
    raise DriftError(
        "the source has another shape than the one that was released last: "
        + "; ".join(item.what.en for item in found),
        where=dataset,
        todo="; ".join(dict.fromkeys(item.todo.en for item in stopping)),
    )


def as_check(shape: Shape) -> CheckResult:
    """Return a shape's drift as the result of a check, with what changed in its title."""
    title = TITLE
    if shape.drift:
        title = Bilingual(
            vi=f"{TITLE.vi} Khác lần trước: " + "; ".join(x.what.vi for x in shape.drift),
            en=f"{TITLE.en} Since the last release: " + "; ".join(x.what.en for x in shape.drift),
        )
    return CheckResult(
        name=SHAPE_CHECK, expectation=SHAPE_CHECK, kwargs={}, severity="warning",
        level="table", title=title,
        outcome="warned" if shape.drift else "passed", evaluated=len(shape.columns),
        unexpected=len(shape.drift),
    )


def _name(text: str) -> str:
    """Return a source's text between backquotes; it cannot break out of its sentence."""
    plain = "".join(char if char.isprintable() and char != "`" else "\ufffd" for char in text)
    return f"`{plain if len(plain) <= 60 else plain[:57] + '...'}`"


def _list(texts: Iterable[str]) -> str:
    every = list(texts)
    more = f", … ({len(every)})" if len(every) > MAX_TOLD else ""
    return ", ".join(_name(text) for text in every[:MAX_TOLD]) + more
