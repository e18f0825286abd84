"""The scorecard for programs: `api/targets.json`, `api/targets.csv`, DCAT, and feeds of changes."""

import csv
import io
import json
from datetime import UTC, date, datetime, time
from typing import Any

from model.records.release import FileRecord
from model.reference.city import city
from model.reference.targets import SectorIndicator, TargetDocument
from model.util.hashing import sha256_bytes
from model.util.languages import default_language, languages
from model.util.text import Frozen
from portal.metadata import dcat
from portal.metadata.identifiers import feed_urn
from portal.rendering.atom import ATOM, Entry, Link, feed
from portal.targets.assessment import Assessment, RollUp
from portal.targets.history import Change
from portal.targets.progress import METHOD
from portal.targets.view import TargetsView
from portal.targets.words import WORDS, say

JSON, CSV = "api/targets.json", "api/targets.csv"
FORMS = {
    CSV: dcat.FileFormat(
        title=say("scorecard_csv"), purpose=say("lead"), media_type="text/csv", file_type="CSV"
    ),
    JSON: dcat.FileFormat(
        title=say("scorecard_json"), purpose=say("lead"), media_type="application/json",
        file_type="JSON",
    ),
}
FEED, FEED_ENTRIES = "{language}/targets/changes.atom", 100


class TargetScorecard(Frozen):
    """Everything about the targets as of a day: `api/targets.json`.

    targets: those in force, assessed; roll_ups: their counts by sector.
    """

    as_of: date
    method: str
    documents: tuple[TargetDocument, ...]
    indicators: tuple[SectorIndicator, ...]
    targets: tuple[Assessment, ...]
    roll_ups: tuple[RollUp, ...]


def files(view: TargetsView, base_url: str | None) -> dict[str, bytes]:
    """Return the files for programs, by path; `base_url` is the site's address, if known."""
    known = view.registries.targets
    scorecard = TargetScorecard(
        as_of=view.as_of, method=METHOD, documents=tuple(known.documents.values()),
        indicators=tuple(known.indicators.values()), targets=view.assessed.assessments,
        roll_ups=tuple(view.assessed.roll_ups(view.registries.sectors)),
    )
    text = json.dumps(scorecard.model_dump(mode="json"), ensure_ascii=False, indent=1)
    return {
        JSON: f"{text}\n".encode(), CSV: _csv(view).encode(),
        **{path: data for language in languages() for path, data in [
            _feed(view, language, base_url)
        ]},
    }


def _csv(view: TargetsView) -> str:
    """Return the scorecard as a table: a line for each target in force."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([
        "target", *(f"title_{code}" for code in languages()), "group", "document", "issued",
        "valid_from", "ref_area", "geo_vintage", "year", "operator", "value", "unit", "status",
        "verdict", "reason", "category", "newest_year", "newest_value", "newest_status",
        "base_year", "base_value", "observed_growth", "required_growth", "ratio",
        "projected_value", "projected_low", "projected_high", "dataset", "release", "indicator",
        "as_of",
    ])
    for each in view.assessed.assessments:
        target, source, last = each.target, each.source, (each.projection or (None,))[-1]
        progress, newest = each.progress, each.newest
        document = view.registries.targets.documents[target.document]
        writer.writerow([
            target.id, *(target.title.get(code) for code in languages()), each.group,
            document.number, document.issued, view.registries.targets.valid_from(target),
            target.area.code, view.registries.codelists[target.area.codelist].vintage,
            target.year, target.operator, target.value, target.unit, target.status, each.verdict,
            each.reason, progress and progress.category, newest and newest.year,
            newest and newest.value, newest and newest.status, progress and progress.base.year,
            progress and progress.base.value, progress and progress.observed,
            progress and progress.required, progress and progress.ratio, last and last.value,
            last and last.low, last and last.high, source and source.dataset,
            source and source.release, source and source.indicator, each.as_of,
        ])
    return text.getvalue()


def because(change: Change, language: str) -> str:
    """Return in a `language` what a verdict rests on."""
    now = change.now
    said = WORDS.reasons[now.reason] if now.reason else None
    if now.progress:
        said = WORDS.categories[now.progress.category]
    return said.get(language) if said else ""


def _feed(view: TargetsView, language: str, base_url: str | None) -> tuple[str, bytes]:
    path = FEED.format(language=language)
    root = base_url or "../../"
    found = [change for line in view.changes.values() for change in line]
    found.sort(key=lambda each: (each.day, each.now.target.id), reverse=True)
    entries = []
    for change in found[:FEED_ENTRIES]:
        target = change.now.target
        rest = {"because": because(change, language)}
        text = say(
            "changed_from", before=WORDS.verdicts[change.before], **rest
        ) if change.before else say("now_in_force", **rest)
        entries.append(Entry(
            id=feed_urn(f"target:{target.id}:{change.day}"),
            title=say(
                "changed", title=target.title, verdict=WORDS.verdicts[change.now.verdict]
            ).get(language),
            updated=datetime.combine(change.day, time(), UTC), text=text.get(language),
            category=change.now.verdict,
            links=(Link(f"{root}{language}/targets/{target.id}.html"),),
        ))
    links = [Link(base_url + path if base_url else path.rsplit("/", 1)[-1], "self", ATOM)]
    title = f"{say('changes').get(language)} · {city().site.title.get(language)}"
    return path, feed(feed_urn(path), title, language, entries, links).encode()


def dcat_nodes(
    view: TargetsView, made: dict[str, bytes], base_url: str | None
) -> list[dict[str, Any]]:
    """Return the scorecard as a dataset of the catalogue, with the files that were `made`.

    `base_url` is the site's address with a slash at the end, if known. A portal that names no
    publisher has none.
    """
    publisher = view.registries.publishers.get(city().publisher or "")
    if publisher is None or publisher.licence is None or view.issued is None:
        return []
    listed = [
        (FileRecord(name=path, sha256=sha256_bytes(made[path]), bytes=len(made[path])), form)
        for path, form in FORMS.items()
    ]
    root = base_url or ""
    return dcat.summary_nodes(
        "targets", say("title"), say("lead"), publisher,
        view.registries.licences[publisher.licence], listed, root,
        f"{root}{default_language()}/targets/index.html", view.issued.isoformat(),
    )
