"""Which codes of a source are unknown, new or gone."""

from model.declarations.dataset import Dataset
from model.declarations.source import Source
from model.records.source_schema import Drift, SourceSchema
from model.util.languages import N_
from model.util.text import LocalizedText, _, joined
from warehouse.cleaning.drift.wording import LOOK, MAX_NAMED, NEAR, alike, name_of, names_of


def code_drift(
    last: SourceSchema, now: SourceSchema, dataset: Dataset, source: Source
) -> list[Drift]:
    """Return which codes are unknown, new or gone, most important first.

    Args:
        last: the source schema of the last release.
        now: that of the snapshot.
        dataset: the declaration, which says what codes mean.
        source: its source, which says what may be new.
    """
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
        for words, codes in (
            (N_("new `{concept}`: {listed}"), known - known_before),
            (N_("gone `{concept}`: {listed}"), known_before - known),
        ):
            if codes:
                listed = names_of(sorted(str(code) for code in codes))
                what = _(words, concept=concept, listed=listed)
                found.append(Drift(kind="code", stops=False, todo=LOOK, what=what))
    return sorted(found, key=lambda item: not item.stops)


def _unknown(
    concept: str, unknown: list[str], gone: list[str], dataset: Dataset, source: Source
) -> Drift:
    named = []
    for label in unknown[:MAX_NAMED]:
        near = max(gone, key=lambda old: alike(old, label), default=None)
        named.append(
            _("{code} (nearest to {near}, which is gone)", code=name_of(label), near=name_of(near))
            if near and alike(near, label) >= NEAR else LocalizedText(en=name_of(label))
        )
    listed, more = joined(named, ", "), len(unknown) - len(named)
    if more:
        listed = _("{listed} and {more} more", listed=listed, more=more)
    return Drift(
        kind="code", stops=concept not in source.allow.new_codes,
        what=_("unknown `{concept}`: {listed}", concept=concept, listed=listed),
        todo=_(
            "add it to {place} or to `map`; or let its rows be quarantined:"
            " `allow: {{new_codes: [{concept}]}}`",
            place=_where_known(concept, dataset), concept=concept,
        ),
    )


def _where_known(concept: str, dataset: Dataset) -> str:
    if concept == "ref_area":
        return f"the codelist `{dataset.geography.codelist}`"
    dimension = dataset.dimensions.get(concept)
    if dimension and dimension.codelist:
        return f"the codelist `{dimension.codelist}`"
    return "`indicators`" if concept == "indicator" else "its codes"
