"""The tools: what is published, in words and figures that can be cited, or why it is not."""

from typing import Any

from model.util.text import plain
from portal.mcp.answers import (
    Answer,
    ChangedFigure,
    ChangeList,
    Description,
    DimensionCodes,
    Explanation,
    FoundItem,
    IndicatorAnswer,
    Named,
    Refused,
    ReleaseChanges,
    Said,
    SearchAnswer,
)
from portal.mcp.asking.find import Finder
from portal.mcp.asking.question import FigureQuery
from portal.mcp.asking.subjects import CONTEXT
from portal.mcp.asking.words import words
from portal.mcp.figures import Reader, caveats_of
from portal.site_folder.published import PublishedSite
from portal.site_folder.state import DatasetState, ReleaseState

RESULTS = 10  # of what a search finds
FIGURES = 60  # of an answer
PLACES = 80  # of a description
CHANGED = 10  # figures of a release's changes


class Tools:
    """Answers over a published site. Nothing is written.

    Args:
        site: what is asked.
    """

    def __init__(self, site: PublishedSite) -> None:
        self.site = site
        self.finder = Finder(site)

    def language(self, asked: str) -> str:
        """Return the language that was `asked` for, else the site's first."""
        known = self.site.languages
        return asked if asked in known else known[0]

    def search(self, query: str, language: str = "", limit: int = RESULTS) -> SearchAnswer:
        """Find at most `limit` indicators, datasets and places by a `query` in a `language`."""
        language = self.language(language)
        found: list[FoundItem] = []
        place = self._place(query, language)
        if place:
            found.append(place)
        matches = self.finder.subjects.matches(query)
        for match in matches:
            entry, indicator = match.subject.entry, match.subject.indicator
            found.append(FoundItem(
                kind="indicator", name=plain(indicator["name"].get(language, "")),
                dataset=match.subject.dataset, code=match.subject.code, unit=indicator["unit"],
                periods=[each for each in (entry["period_first"], entry["period_last"]) if each],
                address=entry["pages"].get(language, ""),
            ))
        asked = words(query)
        for name, entry in self.site.listing().items():
            around = words(" ".join((
                *entry["title"].values(), *entry["description"].values(),
                *(each for listed in entry["keywords"].values() for each in listed),
                entry["publisher"]["name"].get(language, ""), name.replace("/", " "),
            )))
            if asked and all(any(word.means(each) for each in around) for word in asked):
                found.append(FoundItem(
                    kind="dataset", name=plain(entry["title"].get(language, "")), dataset=name,
                    periods=[each for each in (entry["period_first"], entry["period_last"])
                             if each],
                    address=entry["pages"].get(language, ""),
                ))
        limit = max(1, min(limit, 50))
        complete = bool(place) or any(each.degree <= CONTEXT for each in matches) or any(
            each.kind == "dataset" for each in found
        )
        return SearchAnswer(
            found=found[:limit], complete=complete, more=max(len(found) - limit, 0)
        )

    def _place(self, query: str, language: str) -> FoundItem | None:
        places = self.finder.subjects.search_index()["places"]
        name = self.finder.subjects.known_place(query)
        if name is None:
            return None
        at = places["name"].split("\n").index(name)
        return FoundItem(kind="place", name=name,
                         address=f"{language}/{places['page'].split(chr(10))[at]}")

    def describe(self, dataset: str, language: str = "") -> Description:
        """Describe a dataset in a language: what can be asked of it, and how."""
        language = self.language(language)
        try:
            if dataset not in self.site.listing():
                raise self.finder.no_dataset(dataset)
            reader = Reader(self.site, dataset, None, language)
        except Refused as refused:
            return Description(refusal=refused.refusal)
        state = reader.state
        vintages, codes = reader.labels.get("geo_vintage", {}), reader.labels.get("ref_area", {})
        areas = [code for code in codes if code]
        return Description(
            dataset=dataset,
            title=plain(state.title.get(language)),
            description=plain(state.description.get(language)),
            method=plain(state.method.get(language)) if state.method else "",
            notes=plain(state.notes.get(language)) if state.notes else "",
            source=plain(state.publisher.get(language)),
            licence=Named(code=state.licence_id, name=plain(state.licence.get(language))),
            licence_url=reader.entry["licence"]["url"],
            frequency=state.frequency,
            periods=[each for each in (state.period_first, state.period_last) if each],
            indicators=[
                IndicatorAnswer(
                    code=each.code, name=plain(each.name.get(language)),
                    unit=Named(code=each.unit, name=reader.name("unit_measure", each.unit)),
                    definition=plain(each.definition.get(language)) if each.definition else "",
                    expected=each.expected,
                )
                for each in state.indicators
            ],
            dimensions=[
                DimensionCodes(
                    column=column, name=reader.name(column, ""),
                    codes={code: reader.name(column, code)
                           for code in reader.labels[column] if code},
                )
                for column in reader.dimensions
            ],
            borders=[Named(code=code, name=reader.name("geo_vintage", code))
                     for code in vintages if code],
            places=[Named(code=code, name=reader.name("ref_area", code))
                    for code in areas[:PLACES]],
            places_total=len(areas),
            release=reader.release.number,
            version=reader.release.version,
            issued=reader.release.issued.isoformat(),
            quality_grade=state.grade,
            ended=plain(state.ended.get(language)) if state.ended else "",
            page=reader.address(f"{language}/{dataset}.html"),
        )

    def query(self, question: FigureQuery) -> Answer:
        """Answer a `question` with figures, or say why there are none."""
        try:
            found, also = self.finder.find(question)
            if len(found.rows) > FIGURES:
                raise Refused(
                    "too_many", f"There are {len(found.rows)} figures, at most {FIGURES} are"
                    " answered.", "ask for a shorter range, or read the dataset's file",
                    [found.candidate()],
                )
        except Refused as refused:
            return Answer(refusal=refused.refusal)
        return Answer(
            series=found.reader.series(found.subject, found.rows),
            caveats=self._caveats(found.reader, found.subject, found.rows), also_in=also,
        )

    def _caveats(self, reader: Reader, subject: Any, rows: Any) -> list[str]:
        notes = reader.state.notes
        return [
            *caveats_of(reader, rows, subject, self.finder.subjects.successions()),
            *([plain(notes.get(reader.language))] if notes else []),
            *(["A later release took the place of this one."]
              if reader.release.number != reader.state.release else []),
        ]

    def explain(self, question: FigureQuery) -> Explanation:
        """Explain the figure that answers a `question`: its meaning, source and history."""
        try:
            found, _ = self.finder.find(question)
            if len(found.rows) > 1:
                raise Refused("too_many", "Several figures are meant.", "ask for one of them",
                              [found.candidate()])
        except Refused as refused:
            return Explanation(refusal=refused.refusal)
        reader, row = found.reader, found.rows[0]
        state, dataset = reader.state, reader.state.dataset
        history = []
        for release in state.releases:
            if not release.files:
                continue
            then = Reader(self.site, dataset, release.number, reader.language)
            same = next((
                each for each in then.rows(row["indicator"], [row["ref_area"]])
                if all(each.get(name) == row[name] for name in reader.key)
            ), None)
            if same is not None:
                history.append(Said(
                    release=release.number, version=release.version,
                    issued=release.issued.isoformat(), value=same["obs_value"],
                    status=same["obs_status"] or "A", address=then.figure_address(same),
                ))
        return Explanation(
            series=reader.series(found.subject, found.rows),
            method=plain(state.method.get(reader.language)) if state.method else "",
            dataset_notes=plain(state.notes.get(reader.language)) if state.notes else "",
            quality_grade=state.grade,
            checks=state.checks.model_dump(),
            history=history,
            revised=len({each.value for each in history}) > 1,
            caveats=self._caveats(reader, found.subject, found.rows),
            quality_report=reader.address(f"datasets/{dataset}/{state.name}-quality.html"),
            revisions_page=reader.address(f"{reader.language}/{dataset}/revisions.html")
            if len(state.releases) > 1 else "",
            proof_page=f"{reader.figure_address(row)}#proof"
            if self.site.has_origins(state, reader.release) else "",
        )

    def changes(self, dataset: str = "", limit: int = 5, language: str = "") -> ChangeList:
        """Return what the newest releases changed, of a `dataset` or of all; at most `limit`."""
        language = self.language(language)
        listing = self.site.listing()
        if dataset and dataset not in listing:
            return ChangeList(refusal=self.finder.no_dataset(dataset).refusal)
        limit = max(1, min(limit, 20))
        if dataset:
            state = self.site.state(dataset)
            newest = [(state, release) for release in state.releases[::-1]]
        else:
            ordered = sorted(listing.values(), key=lambda each: (each["issued"], each["id"]))
            states = [self.site.state(each["id"]) for each in ordered[::-1][:limit]]
            newest = [(each, each.releases[-1]) for each in states]
        return ChangeList(
            releases=[self._changes(state, release) for state, release in newest[:limit]],
            more=(len(newest) if dataset else len(listing)) - len(newest[:limit]),
        )

    def _changes(self, state: DatasetState, release: ReleaseState) -> ReleaseChanges:
        before = [each.version for each in state.releases if each.number < release.number]
        figures: list[ChangedFigure] = []
        if before and release.files:
            for row in self.site.changes(state, release):
                if row["change"] == "revised" and len(figures) < CHANGED:
                    figures.append(ChangedFigure(
                        change="revised", unit=row["unit_measure"],
                        key={name: value for name, value in row.items()
                             if name not in _NO_KEY and value},
                        before=_number(row["old_value"]), after=_number(row["new_value"]),
                    ))
        root = self.site.listing()[state.dataset]["details"].removesuffix("dataset.json")
        return ReleaseChanges(
            dataset=state.dataset, release=release.number, version=release.version,
            previous_version=before[-1] if before else None, issued=release.issued.isoformat(),
            reason=release.reason, added=release.changes.added, revised=release.changes.revised,
            withdrawn=release.changes.withdrawn,
            structure=[str(each.model_dump(mode="json", exclude_none=True))
                       for each in release.structure],
            figures=figures, address=f"{root}releases/{release.number}/",
        )


_NO_KEY = {"change", "old_value", "new_value", "old_status", "new_status", "unit_measure"}


def _number(text: str) -> float | None:
    return float(text) if text else None

