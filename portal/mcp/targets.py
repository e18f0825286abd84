"""The targets that a site has assessed, from its scorecard: what is aimed at, and how it stands."""

from typing import Literal

from pydantic import BaseModel, Field

from model.util.text import plain
from portal.mcp.asking.words import words
from portal.site_folder.published import PublishedSite, csv_rows

SCORECARD = "api/targets.csv"  # portal/targets/exports.py
Verdict = Literal["", "met", "on_track", "behind", "no_data"]


class TargetAnswer(BaseModel):
    """A target in force, with its verdict; values are in its unit."""

    target: str
    title: str
    document: str
    valid_from: str
    area: str
    borders: str
    year: int
    operator: str
    value: float | None = Field(description="None where the document's value could not be read")
    unit: str
    verdict: str
    reason: str = Field(description="why there are no data for a verdict")
    category: str
    newest_year: int | None
    newest_value: float | None
    newest_status: str
    projected: list[float] = Field(
        description="value in the target's year, with its interval's ends; a projection, no figure"
    )
    dataset: str
    release: int | None
    indicator: str
    address: str


class TargetsAnswer(BaseModel):
    """Targets, as they were assessed on a day."""

    as_of: str = ""
    targets: list[TargetAnswer] = []
    more: int = 0
    note: str = ""


def targets(
    site: PublishedSite, query: str, year: int | None, verdict: Verdict, language: str, limit: int
) -> TargetsAnswer:
    """Return the targets of a `site` whose titles or documents have all words of a `query`.

    Only those of a `year` or with a `verdict`, if they are given; at most `limit`, with titles in a
    `language`.
    """
    if SCORECARD not in site.catalogue().pages:
        return TargetsAnswer(note="this site publishes no targets")
    rows = site.shared(SCORECARD, csv_rows)
    asked = words(query)
    titles = [f"title_{code}" for code in site.languages]
    found = []
    for row in rows:
        known = words(" ".join((*(row[name] for name in titles), row["document"], row["group"])))
        if all(any(word.means(each) for each in known) for word in asked) and (
            year in (None, int(row["year"]))
        ) and verdict in ("", row["verdict"]):
            found.append(row)
    root = next(iter(site.listing().values()))["details"].partition("datasets/")[0]
    return TargetsAnswer(
        as_of=rows[0]["as_of"] if rows else "",
        targets=[_target(row, language, root) for row in found[:limit]],
        more=max(len(found) - limit, 0),
        note="" if found else "no target in force has these words; give fewer, or none",
    )


def _target(row: dict[str, str], language: str, root: str) -> TargetAnswer:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    projected = [number(f"projected_{each}") for each in ("value", "low", "high")]
    return TargetAnswer(
        target=row["target"], title=plain(row[f"title_{language}"]), document=row["document"],
        valid_from=row["valid_from"], area=row["ref_area"], borders=row["geo_vintage"],
        year=int(row["year"]), operator=row["operator"], value=number("value"), unit=row["unit"],
        verdict=row["verdict"], reason=row["reason"], category=row["category"],
        newest_year=int(row["newest_year"]) if row["newest_year"] else None,
        newest_value=number("newest_value"), newest_status=row["newest_status"],
        projected=[each for each in projected if each is not None],
        dataset=row["dataset"], release=int(row["release"]) if row["release"] else None,
        indicator=row["indicator"], address=f"{root}{language}/targets/{row['target']}.html",
    )
