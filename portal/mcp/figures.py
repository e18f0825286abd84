"""Published rows as figures that can be cited."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pyarrow.compute as pc

from model.reference.codelist import vintage_in_words
from model.reference.periods import frequency_of, period_end, period_start
from model.util.text import plain
from portal.mcp.answers import Candidate, Figure, Named, Refused, Series
from portal.mcp.asking.subjects import Subject, Succession
from portal.rendering import formatting
from portal.site_folder.published import PublishedSite
from portal.site_folder.state import DatasetState, ReleaseState
from portal.vocabulary import NOT_FINAL, STATUSES

Row = dict[str, Any]

# As in portal/site/explorer/assets/release.js: the other columns are a dataset's own dimensions.
COMMON = ("indicator", "ref_area", "geo_vintage", "freq", "time_period", "obs_value",
          "unit_measure", "lower_bound", "upper_bound", "obs_status", "obs_note", "footnotes")


_DECIMALS = 3  # of a figure's text, where its indicator has fewer


def decimals_of(value: float) -> int:
    """Return how many decimals a value has."""
    return len(f"{Decimal(repr(value)):f}".partition(".")[2].rstrip("0"))


class Reader:
    """The rows of a dataset's release, and their names in a language.

    Args:
        site: where it is published.
        dataset: its id.
        number: of the release; None for the current one.
        language: of names and texts.

    Raises:
        Refused: there is no such release, or its figures are no longer published.
    """

    def __init__(
        self, site: PublishedSite, dataset: str, number: int | None, language: str
    ) -> None:
        self.site = site
        self.language = language
        self.state: DatasetState = site.state(dataset)
        release = self.state.of_release(self.state.release if number is None else number)
        if release is None or not release.files:
            known = ", ".join(str(each.number) for each in self.state.releases if each.files)
            raise Refused(
                "unknown_release",
                f"{dataset} has no release {number} whose figures are published",
                f"ask for one of the releases {known}" if known else "ask for another dataset",
            )
        self.release: ReleaseState = release
        self.labels = site.dictionary(self.state, release)
        self.entry = site.listing()[dataset]

    @property
    def dimensions(self) -> list[str]:
        """The columns of the dataset's own breakdowns."""
        return [column for column in self.labels if column not in COMMON]

    @property
    def key(self) -> list[str]:
        """The columns that together name a figure."""
        return ["indicator", "ref_area", "geo_vintage", *self.dimensions, "freq", "time_period"]

    def rows(self, indicator: str, areas: Sequence[str] | None = None) -> list[Row]:
        """Return the rows of an `indicator`, of some `areas` or of all, also those without value.
        """
        table = self.site.table(self.state, self.release)
        chosen = pc.field("indicator") == indicator
        if areas is not None:
            chosen &= pc.field("ref_area").isin(list(areas))
        found: list[Row] = table.filter(chosen).to_pylist()
        return found

    def name(self, column: str, code: str) -> str:
        """Return the name of a column's code, of the column itself without one."""
        if column == "obs_status" and code in STATUSES:
            return STATUSES[code].get(self.language)
        found = self.labels.get(column, {}).get(code, {})
        return plain(found.get(f"name_{self.language}") or code or column)

    def address(self, path: str) -> str:
        """Return the address of a `path` of the site, absolute where the site knows its own."""
        root = self.entry["details"].removesuffix(f"datasets/{self.state.dataset}/dataset.json")
        if not root and self.site.remote:
            root = self.site.name.rstrip("/") + "/"
        return f"{root}{path}"

    def figure_address(self, row: Row) -> str:
        """Return the lasting address of a row's figure: dataset, release, key."""
        query = {"dataset": self.state.dataset, "release": self.release.number}
        query |= {name: row.get(name) or "" for name in self.key}
        return self.address(f"{self.language}/figure.html?{urlencode(query)}")

    def figure(self, row: Row) -> Figure:
        """Return a row as a figure."""
        value, status = row["obs_value"], row["obs_status"] or "A"
        decimals = next(
            (each.decimals for each in self.state.indicators if each.code == row["indicator"]), 0
        )
        if decimals:  # as it was published: pages round what they draw
            decimals = max(decimals, min(decimals_of(value), _DECIMALS))
        number = formatting.number(value, self.language, decimals)
        unit = self.name("unit_measure", row["unit_measure"])
        notes = [row.get("obs_note") or ""]
        notes += [self.name("footnotes", each) for each in (row.get("footnotes") or "").split()]
        bounds = [row.get("lower_bound"), row.get("upper_bound")]
        return Figure(
            value=value,
            text=number if row["unit_measure"] == "count" else f"{number} {unit}",
            period=row["time_period"],
            place=Named(code=row["ref_area"], name=self.name("ref_area", row["ref_area"])),
            borders=Named(
                code=row["geo_vintage"],
                name=vintage_in_words(row["geo_vintage"]).get(self.language),
            ),
            breakdown={
                column: Named(code=row[column], name=self.name(column, row[column]))
                for column in self.dimensions if row[column]
            },
            status=Named(code=status, name=self.name("obs_status", status)),
            interval=bounds if any(each is not None for each in bounds) else [],
            notes=[plain(each) for each in notes if each],
            address=self.figure_address(row),
        )

    def series(self, subject: Subject, rows: Sequence[Row]) -> Series:
        """Return rows of a `subject` as a series."""
        language, unit = self.language, rows[0]["unit_measure"]
        return Series(
            dataset=self.state.dataset,
            title=plain(self.state.title.get(language)),
            indicator=Named(
                code=subject.code, name=self.name("indicator", subject.code),
            ),
            definition=plain(
                self.labels["indicator"].get(subject.code, {}).get(f"description_{language}", "")
            ),
            unit=Named(code=unit, name=self.name("unit_measure", unit)),
            expected=subject.indicator["expected"],
            release=self.release.number,
            version=self.release.version,
            issued=self.release.issued.isoformat(),
            source=plain(self.state.publisher.get(language)),
            licence=Named(
                code=self.state.licence_id, name=plain(self.state.licence.get(language))
            ),
            licence_url=self.entry["licence"]["url"],
            page=self.address(f"{language}/{self.state.dataset}.html"),
            figures=[self.figure(row) for row in rows],
        )

    def candidate(self, subject: Subject, rows: Sequence[Row] = (), **more: Any) -> Candidate:
        """Return a `subject` as something to ask for, with what its `rows` have."""
        periods = sorted({row["time_period"] for row in rows if row["obs_value"] is not None})
        return Candidate(
            dataset=subject.dataset, indicator=subject.code,
            name=plain(subject.indicator["name"].get(self.language, subject.code)),
            unit=subject.indicator["unit"],
            title=plain(subject.entry["title"].get(self.language, subject.dataset)),
            periods=few(periods), **more,
        )


def few(periods: Sequence[str], limit: int = 6) -> list[str]:
    """Return some of many `periods`, at most `limit`: the first one and the newest."""
    return [*periods] if len(periods) <= limit else [periods[0], "…", *periods[-limit + 1:]]


def caveats_of(
    reader: Reader, rows: Sequence[Row], subject: Subject,
    successions: Mapping[tuple[str, str], Succession],
) -> list[str]:
    """Return what must be said wherever figures in these `rows` of a `subject` are used.

    `reader` reads its release; `successions` are the known changes of borders.
    """
    found = []
    for vintage, code in sorted({(row["geo_vintage"], row["ref_area"]) for row in rows}):
        change = successions.get((vintage, code))
        if change is None or change.same:
            continue
        name = reader.name("ref_area", code)
        if change.until:
            found.append(
                f"{name} is by the borders before {change.until}; since then it belongs to"
                f" another territory, {', '.join(change.became)}. Do not compare with figures by"
                " the borders since."
            )
        else:
            found.append(
                f"{name} is by the borders since {change.since}, made of"
                f" {' + '.join(change.made_of)}. Do not compare with figures by the borders before."
            )
    statuses = {row["obs_status"] or "A" for row in rows}
    if not_final := sorted(statuses & NOT_FINAL):
        words = ", ".join(STATUSES[each].get("en").lower() for each in not_final)
        found.append(f"Not final ({words}): expected to be replaced.")
    if "B" in statuses:
        found.append("Status B: not comparable with the periods before (break in the series).")
    if subject.indicator["expected"]:
        found.append("A target, plan or projection: not what was observed.")
    if any(frequency_of(row["time_period"]) == "YTD" for row in rows):
        found.append("Cumulated from January: part of the year, not the year.")
    if len({row["geo_vintage"] for row in rows}) > 1:
        found.append("By several borders: figures by different borders are no series.")
    return found


def within(period: str, year: str) -> bool:
    """Say whether a `period` lies in a `year` without being it."""
    try:
        return period != year and period_start(period) >= period_start(year) and (
            period_end(period) <= period_end(year)
        )
    except ValueError:
        return False
