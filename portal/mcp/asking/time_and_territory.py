"""Of rows, those of the borders and of the period that are asked for, or why there are none."""

from collections.abc import Mapping
from datetime import date

from model.reference.periods import frequency_of, period_end, period_start
from portal.mcp.answers import Refused
from portal.mcp.asking.periods import AskedPeriod
from portal.mcp.asking.question import FoundRows
from portal.mcp.asking.subjects import Subject, Succession
from portal.mcp.figures import Reader, Row, few, within


def by_borders(
    reader: Reader, subject: Subject, rows: list[Row], borders: str,
    successions: Mapping[tuple[str, str], Succession],
) -> list[Row]:
    """Return those of the `rows` that are by the `borders` asked for; Refused where none is.

    `reader` reads the release of the `subject`; `successions` are the known changes of borders.

    An area that the change of borders left as it was is the same by both.
    """
    days = sorted({each.until for each in successions.values() if each.until})
    if borders in ("old", "new"):
        at = days[-1] if borders == "new" and days else ""
    else:
        try:
            at = date.fromisoformat(borders).isoformat()
        except ValueError as error:
            raise Refused("unclear_period", f"borders={borders!r} is not understood",
                          'write "old", "new" or a day such as 2025-07-01') from error

    def holds(row: Row) -> bool:
        known = successions.get((row["geo_vintage"], row["ref_area"]))
        if known is None or known.same:
            return True  # the same territory by both
        if not at:
            return bool(known.until)
        return at < known.until if known.until else at >= known.since

    chosen = [row for row in rows if holds(row)]
    if not chosen:
        raise _other_territory(reader, subject, rows, successions)
    return chosen


def _other_territory(
    reader: Reader, subject: Subject, rows: list[Row],
    successions: Mapping[tuple[str, str], Succession],
) -> Refused:
    row = rows[0]
    known = successions[row["geo_vintage"], row["ref_area"]]
    name = reader.name("ref_area", row["ref_area"])
    return Refused(
        "other_territory",
        f"There are figures only of {name} by the borders before {known.until}; since then it"
        f" belongs to another territory, {', '.join(known.became)}." if known.until else
        f"There are figures only of {name} by the borders since {known.since}, made of"
        f" {' + '.join(known.made_of)}.",
        "ask for these borders and say so, or for another indicator",
        [FoundRows(reader, subject, rows).candidate()],
    )


def of_period(
    reader: Reader, subject: Subject, rows: list[Row], period: AskedPeriod,
    successions: Mapping[tuple[str, str], Succession],
) -> list[Row]:
    """Return those of the `rows` that are of a `period`, or of the newest that has values.

    The other arguments are those of `by_borders`: `reader`, `subject`, `successions`.
    """
    valued = [row for row in rows if row["obs_value"] is not None]
    have = sorted({row["time_period"] for row in valued}, key=period_end)
    if period.latest:
        whole = [each for each in have if frequency_of(each) != "YTD"] or have
        if whole:
            return [row for row in valued if row["time_period"] == whole[-1]]
    elif period.first == period.last:
        chosen = [row for row in valued if row["time_period"] == period.first]
        if chosen:
            return chosen
    else:
        kind = frequency_of(period.first)
        chosen = [row for row in valued if frequency_of(row["time_period"]) == kind
                  and period.first <= row["time_period"] <= period.last]
        if chosen:
            return sorted(chosen, key=lambda row: (row["ref_area"], row["time_period"]))
    asked = period.first if period.first == period.last else f"{period.first} to {period.last}"
    offer = [reader.candidate(subject, rows)]
    known = f"there are figures of {', '.join(few(have))}" if have else "ask for another indicator"
    if period.latest or not have:
        raise Refused("no_data", "There are no figures, only places for them.", known, offer)
    parts = [each for each in have if within(each, period.first)]
    if frequency_of(period.first) == "A" and parts:
        ytd = [each for each in parts if frequency_of(each) == "YTD"]
        raise Refused(
            "part_year" if ytd else "other_frequency",
            f"There is no figure of the whole year {asked}, only of"
            f" {', '.join(few(ytd or parts))}" + (", cumulated from January." if ytd else "."),
            "ask for one of these periods by name, and do not call it the year's figure",
            [reader.candidate(subject, [row for row in rows if row["time_period"] in parts])],
        )
    start, end = period_start(period.first), period_end(period.last)
    if start > reader.release.issued.date():
        raise Refused("forecast", f"{asked} lies ahead: only what was observed is published here.",
                      f"{known}; the tool targets has what is aimed at", offer)
    empty = [row for row in rows if row["time_period"] == period.first]
    if empty:
        status = reader.name("obs_status", empty[0]["obs_status"] or "O")
        raise Refused("no_data", f"The figure of {asked} is published as: {status}.", known, offer)
    changes = {successions.get((row["geo_vintage"], row["ref_area"])) for row in valued} - {None}
    if changes and all(
        each is not None and not each.same and (
            (each.until and end >= date.fromisoformat(each.until) and asked > have[-1])
            or (each.since and not each.until and start < date.fromisoformat(each.since)
                and asked < have[0])
        )
        for each in changes
    ):
        raise _other_territory(reader, subject, valued, successions)
    if any(within(period.first, each) for each in have if frequency_of(each) == "A"):
        raise Refused("other_frequency", f"There is no figure of {asked}, only of the year.", known,
                      offer)
    raise Refused("no_data", f"There is no figure of {asked}.", known, offer)

