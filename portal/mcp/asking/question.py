"""A question in words, and the published rows that answer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.reference.codelist import vintage_day
from portal.mcp.answers import Candidate
from portal.mcp.asking.subjects import Subject
from portal.mcp.figures import Reader, Row, decimals_of


@dataclass(frozen=True)
class FigureQuery:
    """What is asked for; texts are in words or codes, "" where nothing is said.

    borders: "old", "new", or a day on which they held.
    as_of: the day whose figures are asked for, as they were published then.
    """

    indicator: str
    place: str = ""
    period: str = ""
    breakdown: Mapping[str, str] = field(default_factory=dict)
    dataset: str = ""
    unit: str = ""
    borders: str = ""
    release: int | None = None
    as_of: str = ""
    final_only: bool = False
    language: str = "en"


@dataclass(frozen=True)
class FoundRows:
    """Rows with values that answer a question."""

    reader: Reader
    subject: Subject
    rows: list[Row]

    def same_figures(self, other: "FoundRows") -> bool:
        """Say whether another dataset has the same figures, of the same territory."""
        mine, theirs = (
            {(row["time_period"], row["ref_area"], row["geo_vintage"]): row for row in each.rows}
            for each in (self, other)
        )
        return mine.keys() == theirs.keys() and all(
            row["unit_measure"] == theirs[key]["unit_measure"]
            and _rounds_to(row["obs_value"], theirs[key]["obs_value"])
            for key, row in mine.items()
        )

    def candidate(self) -> Candidate:
        """Return it as something to ask for."""
        vintages = {row["geo_vintage"] for row in self.rows}
        codes = {row["ref_area"] for row in self.rows}
        return self.reader.candidate(
            self.subject, self.rows,
            place=self.reader.name("ref_area", next(iter(codes))) if len(codes) == 1 else "",
            borders=str(vintage_day(next(iter(vintages))) or "") if len(vintages) == 1 else "",
        )



def _rounds_to(one: float, other: float) -> bool:
    """Say whether two values are the same, or one is the other with fewer decimals."""
    places = min(decimals_of(one), decimals_of(other))
    slack = 0.5 * 10.0**-places if places else 0.0
    return abs(one - other) <= slack + 1e-9 * abs(one)
