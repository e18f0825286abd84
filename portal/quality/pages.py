"""The pages, rendered: reports in, bytes of HTML, JSON and SVG out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

from model.records.quality_dimension import GRADES, QUALITY_DIMENSIONS
from model.records.release_blockers import sentences
from model.records.scorecard import GroupScore, QualityReport, Scorecard
from model.records.validation import QualityRecord
from model.reference.registries import Registries
from model.util.languages import default_language, languages
from model.util.text import LocalizedText, fold
from portal.content import Content
from portal.names import Names
from portal.rendering import trends
from portal.rendering.environment import render_template
from portal.rendering.formatting import points
from portal.rendering.quality_body import quality_body

# Dark enough for white letters (WCAG 2.2, contrast 4.5:1).
COLOURS = {"A": "#1f6b3a", "B": "#4a6a1f", "C": "#8a5200", "D": "#a8481c", "E": "#a32020"}
_UNKNOWN = "#51636a"
_LABEL = LocalizedText(vi="chất lượng", en="quality")
_NONE = LocalizedText(vi="chưa có", en="not yet")
_CHAR, _HEIGHT, _PAD = 6.8, 22, 9


def badge(card: Scorecard | None, language: str) -> bytes:
    """Draw the badge of a dataset's scorecard (`card`) in a `language`; without one it says so."""
    label = _LABEL.get(language)
    value = f"{card.grade} · {points(card.total, language)}" if card else _NONE.get(language)
    colour = COLOURS[card.grade] if card else _UNKNOWN
    left, right = _width(label), _width(value)
    text = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}"'
        f' role="img" aria-label="{text}" font-family="Verdana,DejaVu Sans,sans-serif"'
        f' font-size="11.5" fill="#fff" text-anchor="middle"><title>{text}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="4" fill="#16282d"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v{_HEIGHT - 8}a4 4 0 0 1-4 4H{left}z"'
        f' fill="{colour}"/><text x="{left / 2:g}" y="15">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="15" font-weight="bold">{escape(value)}</text></svg>\n'
    ).encode()


def _width(text: str) -> int:
    return round(len(text) * _CHAR) + 2 * _PAD


TEMPLATES = Path(__file__).resolve().parent / "templates"
REPORT = "quality/{dataset}.json"  # path in the site
WORSE_DAYS, WORSE_POINTS = 7, 0.5
PER_PAGE = 100  # datasets of a sector on a page
LISTED = 20  # of what is blocked, worse or late; the pages of sectors have all
_LATE = ("dead", "overdue", "late")


@dataclass(frozen=True)
class Assessed:
    """A dataset as the pages show it.

    record: the complete record of the newest validation run.
    content: the current release, for its quarantined rows and its revisions.
    """

    report: QualityReport
    names: Names
    record: QualityRecord | None
    content: Content | None = None


def _report_page(dataset: str, language: str) -> str:
    """Return the path of a `dataset`'s report in a `language` in the site."""
    return f"{language}/quality/{dataset}.html"


def render(
    each: Assessed, registries: Registries, base_url: str | None
) -> Iterator[tuple[str, bytes]]:
    """Give the files about one dataset's quality: path in the site, and bytes.

    `each` is the dataset; `registries` name its sector; `base_url` is the site's address on the
    web, with a slash at the end, if known.
    """
    dataset = each.report.dataset
    yield REPORT.format(dataset=dataset), each.report.model_dump_json(indent=1).encode()
    for language in languages():
        yield f"quality/{dataset}.{language}.svg", badge(each.report.scorecard, language)
        yield _report_page(dataset, language), _report(each, registries, language, base_url)


def by_sector(
    assessed: Sequence[Assessed], sectors: Sequence[GroupScore], registries: Registries
) -> list[tuple[GroupScore, list[QualityReport]]]:
    """Return the graded `sectors` in the order of `registries`, with their `assessed` datasets."""
    graded = {group.id: group for group in sectors}
    return [
        (graded[sector], sorted(
            (each.report for each in assessed if each.report.sector == sector),
            key=lambda report: fold(report.title.get(default_language())),
        ))
        for sector in registries.sectors if sector in graded
    ]


def sector_pages(
    group: GroupScore, members: Sequence[QualityReport], registries: Registries,
    base_url: str | None,
) -> Iterator[tuple[str, bytes]]:
    """Give the pages that list all datasets of a sector (`group`), PER_PAGE on each.

    `members` are their reports, and the other arguments are as for `render`.
    """
    parts = [members[at : at + PER_PAGE] for at in range(0, len(members), PER_PAGE)]
    for number, part in enumerate(parts):
        page = f"quality/{group.id}/index{f'-{number + 1}' if number else ''}.html"
        for language in languages():
            yield f"{language}/{page}", render_template(
                TEMPLATES, "quality_sector.html", language, root="../../../", page=page,
                preview=False, base_url=base_url, sector=registries.sectors[group.id], group=group,
                members=part, number=number, all=len(parts),
            )


def overview(
    assessed: Sequence[Assessed], sectors: Sequence[GroupScore], city: GroupScore | None,
    registries: Registries, as_of: date, base_url: str | None,
) -> Iterator[tuple[str, bytes]]:
    """Give the page about the quality of all `assessed` datasets: path in the site, and bytes.

    `sectors` and `city` are the grades of each sector and of all, `registries` name the sectors,
    `as_of` is the day for which the page speaks, and `base_url` is as for `render`.
    """
    reports = [each.report for each in assessed]
    totals = {report.dataset: trends.Totals(report.trend) for report in reports}
    rows = [
        {
            "sector": registries.sectors[group.id],
            "group": group,
            "scores": dict(group.scores),
            "curve": trends.curve(trends.weekly([totals[r.dataset] for r in members], as_of)),
        }
        for group, members in by_sector(assessed, sectors, registries)
    ]
    shared: dict[str, Any] = {
        "rows": rows,
        "city": city,
        "city_scores": dict(city.scores) if city else {},
        "curve": trends.curve(trends.weekly(list(totals.values()), as_of)),
        "dimensions": QUALITY_DIMENSIONS,
        "grades": GRADES,
        "worse": _worse(reports, totals, as_of),
        "blocked": [
            (report, sentences(report.latest.blockers, report.dataset))
            for report in reports if report.latest and report.latest.blockers
        ],
        "late": _late(reports),
        "listed": LISTED,
        "as_of": as_of,
    }
    for language in languages():
        yield f"{language}/quality.html", render_template(
            TEMPLATES, "quality.html", language, root="../", page="quality.html", preview=False,
            base_url=base_url, **shared,
        )


def _worse(
    reports: Sequence[QualityReport], totals: Mapping[str, trends.Totals], as_of: date
) -> list[tuple[QualityReport, float, float]]:
    """Return what lost points within a week, with its total then and now, the most first."""
    found = []
    for report in reports:
        before = totals[report.dataset].on(as_of - timedelta(days=WORSE_DAYS))
        now = report.scorecard.total if report.scorecard else None
        if before is not None and now is not None and before - now >= WORSE_POINTS:
            found.append((report, before, now))
    return sorted(found, key=lambda item: item[2] - item[1])


def _late(reports: Sequence[QualityReport]) -> list[QualityReport]:
    """Return what is late, the worst first."""
    cards = [(r, r.scorecard.freshness) for r in reports if r.scorecard]
    late = [(r, fresh) for r, fresh in cards if fresh.state in _LATE]
    late.sort(key=lambda item: (_LATE.index(item[1].state), -item[1].days_late))
    return [report for report, _ in late]


def _report(
    each: Assessed, registries: Registries, language: str, base_url: str | None
) -> bytes:
    report = each.report
    body = quality_body(each.names, report, each.record, each.content, language)
    return render_template(
        TEMPLATES, "quality_report.html", language, root="../../../",
        page=f"quality/{report.dataset}.html", preview=False, base_url=base_url,
        report=report, sector=registries.sectors[report.sector], dimensions=QUALITY_DIMENSIONS,
        v=body,
    )
