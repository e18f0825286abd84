"""Which codes of a source are unknown, new or gone."""

from model.declarations.dataset import Dataset
from model.declarations.source import Source
from model.records.source_schema import Drift, SourceSchema
from model.util.text import LocalizedText
from warehouse.cleaning.drift.wording import LOOK, MAX_NAMED, NEAR, alike, name_of, names_of


def code_drift(
    last: SourceSchema, now: SourceSchema, dataset: Dataset, source: Source
) -> list[Drift]:
    """Return which codes are unknown, new or gone, most important first."""
    found: list[Drift] = []
    for concept, labels in now.codes.items():
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
                listed = names_of(sorted(str(code) for code in codes))
                found.append(
                    Drift(
                        kind="code", stops=False, todo=LOOK,
                        what=LocalizedText(
                            vi=f"{vi} của `{concept}`: {listed}", en=f"{en} `{concept}`: {listed}"
                        ),
                    )
                )
    return sorted(found, key=lambda item: not item.stops)


def _unknown(
    concept: str, unknown: list[str], gone: list[str], dataset: Dataset, source: Source
) -> Drift:
    named = []
    for label in unknown[:MAX_NAMED]:
        near = max(gone, key=lambda old: alike(old, label), default=None)
        named.append((label, near if near and alike(near, label) >= NEAR else None))
    more = len(unknown) - len(named)
    allowed = concept in source.allow.new_codes
    return Drift(
        kind="code", stops=not allowed,
        what=LocalizedText(
            vi=f"mã lạ của `{concept}`: "
            + ", ".join(name_of(x) + (f" (gần với {name_of(y)}, nay không còn)" if y else "")
                        for x, y in named) + (f" và {more} mã khác" if more else ""),
            en=f"unknown `{concept}`: "
            + ", ".join(name_of(x) + (f" (nearest to {name_of(y)}, which is gone)" if y else "")
                        for x, y in named) + (f" and {more} more" if more else ""),
        ),
        todo=LocalizedText(
            vi=f"thêm vào danh mục mã hoặc `map`; hoặc cho phép: `allow: {{new_codes:"
            f" [{concept}]}}` (các dòng đó bị giữ lại)",
            en=f"add it to {_where_known(concept, dataset)} or to `map`; or let its rows be"
            f" quarantined: `allow: {{new_codes: [{concept}]}}`",
        ),
    )


def _where_known(concept: str, dataset: Dataset) -> str:
    if concept == "ref_area":
        return f"the codelist `{dataset.geography.codelist}`"
    dimension = dataset.dimensions.get(concept)
    if dimension and dimension.codelist:
        return f"the codelist `{dimension.codelist}`"
    return "`indicators`" if concept == "indicator" else "its codes"
