"""The content of `dataset.json`."""

from model.util.text import localized
from portal.charts.series import plots
from portal.content import Content
from portal.scope import city_figures, scope_of, with_gaps
from portal.site.shared_pages.reconciliation import reconciled_figures
from portal.site.shared_pages.revisions import revised_indicators
from portal.site_folder.state import (
    CheckCounts,
    DatasetState,
    IndicatorSummary,
    ReleaseState,
    Sparkline,
)

SPARK_POINTS = 60


def summarise(
    content: Content, releases: tuple[ReleaseState, ...], site_version: str, pages: dict[str, str]
) -> DatasetState:
    """Return the summary of a dataset whose current release is `content`.

    `releases` are all that the site offers, oldest first; `site_version` is that of the site's
    code; `pages` are the dataset's, with their checksums.
    """
    dataset, release, quality = content.dataset, content.release, content.quality
    offered = content.public and not content.withdrawn
    card = content.report.scorecard if content.report else None
    areas = content.registries.codelists[dataset.geography.codelist]
    return DatasetState(
        dataset=dataset.id,
        sector=dataset.sector,
        name=dataset.name,
        title=dataset.title,
        description=dataset.description,
        keywords=dataset.keywords,
        publisher_id=dataset.publisher,
        publisher=content.publisher.name,
        licence_id=content.licence.id,
        licence=content.licence.title,
        frequency=dataset.frequency,
        coverage=dataset.geography.coverage,
        codelist=dataset.geography.codelist,
        area_groups=tuple(code for code, is_group in areas.areas_grouped if is_group),
        scope=scope_of(content),
        leads=bool(dataset.chart and dataset.chart.leads_sector),
        city=city_figures(content) if offered else (),
        reconciled=reconciled_figures(content) if offered else {},
        revised=revised_indicators(content) if offered and len(releases) > 1 else (),
        chart=dataset.chart,
        public=content.public,
        withdrawn=content.withdrawn,
        indicators=tuple(
            IndicatorSummary(
                code=code, name=each.name, definition=each.definition, unit=each.unit,
                decimals=each.decimals, expected=each.kind != "observed",
            )
            for code, each in dataset.indicators.items()
        ),
        method=dataset.method,
        notes=dataset.notes,
        release=release.number,
        issued=release.issued,
        rows=release.rows,
        quarantined=release.quarantined,
        period_first=release.period_first,
        period_last=release.period_last,
        ended=dataset.ended,
        due=card.freshness.due if card else None,
        grade=card.grade if card else None,
        freshness=card.freshness.state if card else None,
        checks=CheckCounts(
            passed=quality.count("passed"), warned=quality.count("warned"),
            failed=quality.count("failed"),
        ),
        spark=_spark(content) if offered else None,
        releases=releases,
        pages=pages,
        site_version=site_version,
    )


def _spark(content: Content) -> Sparkline | None:
    drawn = plots(content, limit=1)
    if not drawn or drawn[0].bars:
        return None
    series = drawn[0].series[0]
    indicator = content.dataset.indicators[drawn[0].indicator].name
    column, code = drawn[0].column, series.code
    label = localized(
        lambda language:
        f"{indicator.get(language)}: {content.names.label(column, code, language)}"
    )
    values = with_gaps([(point.period, point.value, point.status) for point in series.points])
    return Sparkline(label=label, values=values[-SPARK_POINTS:])
