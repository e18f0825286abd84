"""What the tools answer: figures with all that makes them citable, or a refusal that leads on."""

from typing import Literal

from pydantic import BaseModel, Field

Reason = Literal[
    "unknown_indicator", "ambiguous_indicator", "unknown_place", "place_without_figures",
    "ambiguous_place", "ambiguous_territory", "other_territory", "unclear_period", "no_data",
    "part_year", "other_frequency", "forecast", "other_unit", "ambiguous_breakdown",
    "unknown_breakdown", "not_final", "mixed_territories", "mixed_kinds", "not_comparable",
    "unknown_dataset", "unknown_release", "too_many",
]


class Named(BaseModel):
    """A code and what it is called."""

    code: str
    name: str


class Candidate(BaseModel):
    """Something that can be asked instead: give these as arguments."""

    dataset: str
    indicator: str = Field(description="code, to be given as `indicator` with `dataset`")
    name: str
    unit: str
    title: str = Field(description="of the dataset")
    place: str = ""
    borders: str = Field(default="", description="day from which the borders hold")
    breakdown: dict[str, list[str]] = Field(
        default={}, description="the codes of each dimension that must be chosen from"
    )
    periods: list[str] = []


class Refusal(BaseModel):
    """Why there is no answer, and what can be asked instead."""

    reason: Reason
    message: str
    todo: str
    candidates: list[Candidate] = []


class Refused(Exception):
    """A question that cannot be answered as it was asked."""

    def __init__(
        self, reason: Reason, message: str, todo: str, candidates: list[Candidate] | None = None
    ) -> None:
        super().__init__(message)
        self.refusal = Refusal(
            reason=reason, message=message, todo=todo, candidates=(candidates or [])[:MOST]
        )


MOST = 12  # candidates of a refusal


class Figure(BaseModel):
    """One published figure."""

    value: float
    text: str = Field(description="the value with its unit, as it is written")
    period: str = Field(description="ISO 8601; 2025-01-01/P6M is January to June together")
    place: Named
    borders: Named = Field(description="the list of areas and the day from which its borders hold")
    breakdown: dict[str, Named] = {}
    status: Named
    interval: list[float | None] = Field(default=[], description="lower and upper bound")
    notes: list[str] = Field(default=[], description="notes and footnotes of this very figure")
    address: str = Field(description="permanent address of the figure in this release")


class Series(BaseModel):
    """Figures of one indicator of one dataset, by one release."""

    dataset: str
    title: str
    indicator: Named
    definition: str
    unit: Named
    expected: bool = Field(description="targets, plans or projections: not what was observed")
    release: int
    version: str
    issued: str
    source: str
    licence: Named
    licence_url: str
    page: str
    figures: list[Figure]


class Answer(BaseModel):
    """Figures, or why there are none."""

    series: Series | None = None
    caveats: list[str] = Field(default=[], description="to be said wherever a figure is used")
    also_in: list[str] = Field(default=[], description="datasets that have the same figures")
    refusal: Refusal | None = None


class FigureDifference(BaseModel):
    """A later or second figure against the first, computed from the two."""

    place: str
    period: str
    against: str
    difference: float
    unit: str
    percent: float | None = Field(
        default=None, description="of the first; None where it means nothing"
    )


class Ranked(BaseModel):
    """A place in an order by value, the highest first."""

    rank: int
    place: Named
    value: float


class Comparison(BaseModel):
    """Figures side by side, which are by the same definition, unit and kind of period."""

    series: Series | None = None
    differences: list[FigureDifference] = []
    ranking: list[Ranked] = []
    ranked_of: int = Field(default=0, description="how many places were ranked")
    caveats: list[str] = []
    refusal: Refusal | None = None


class Said(BaseModel):
    """What a release said of a figure."""

    release: int
    version: str
    issued: str
    value: float | None
    status: str
    address: str


class Explanation(BaseModel):
    """Where a figure comes from, what it means, and how it changed."""

    series: Series | None = None
    method: str = ""
    dataset_notes: str = ""
    quality_grade: str | None = None
    checks: dict[str, int] = {}
    history: list[Said] = []
    revised: bool = False
    caveats: list[str] = []
    quality_report: str = ""
    revisions_page: str = ""
    proof_page: str = Field(
        default="", description="the figure's row in the source's own bytes, with checksums"
    )
    refusal: Refusal | None = None


class FoundItem(BaseModel):
    """A dataset, indicator or place that was found."""

    kind: Literal["dataset", "indicator", "place"]
    name: str
    dataset: str = ""
    code: str = ""
    unit: str = ""
    periods: list[str] = []
    address: str = ""


class SearchAnswer(BaseModel):
    """What was found, the closest first."""

    found: list[FoundItem]
    complete: bool = Field(description="whether all words are in what was found")
    more: int = Field(default=0, description="how many more there are")


class DimensionCodes(BaseModel):
    """A breakdown of a dataset's figures."""

    column: str
    name: str
    codes: dict[str, str]


class IndicatorAnswer(BaseModel):
    """An indicator of a dataset."""

    code: str
    name: str
    unit: Named
    definition: str
    expected: bool


class Description(BaseModel):
    """What a dataset is and what can be asked of it."""

    dataset: str = ""
    title: str = ""
    description: str = ""
    method: str = ""
    notes: str = ""
    source: str = ""
    licence: Named | None = None
    licence_url: str = ""
    frequency: str = ""
    periods: list[str] = []
    indicators: list[IndicatorAnswer] = []
    dimensions: list[DimensionCodes] = []
    borders: list[Named] = []
    places: list[Named] = Field(default=[], description="at most 80")
    places_total: int = 0
    release: int = 0
    version: str = ""
    issued: str = ""
    quality_grade: str | None = None
    ended: str = ""
    page: str = ""
    refusal: Refusal | None = None


class ChangedFigure(BaseModel):
    """A figure that a release changed."""

    change: str
    key: dict[str, str]
    before: float | None
    after: float | None
    unit: str


class ReleaseChanges(BaseModel):
    """What a release changed."""

    dataset: str
    release: int
    version: str
    previous_version: str | None
    issued: str
    reason: str
    added: int
    revised: int
    withdrawn: int
    structure: list[str] = []
    figures: list[ChangedFigure] = Field(default=[], description="the first that were revised")
    address: str


class ChangeList(BaseModel):
    """Releases, the newest first."""

    releases: list[ReleaseChanges] = []
    more: int = 0
    refusal: Refusal | None = None


QuoteStatus = Literal[
    "supported", "revised", "other_unit", "other_territory", "differs", "not_ours"
]


class CheckedNumber(BaseModel):
    """A number of a text, and what is published of it."""

    text: str
    start: int = Field(description="position in the text")
    end: int
    status: QuoteStatus
    value: float = Field(description="as it was read, with its scale")
    indicator: str = ""
    dataset: str = ""
    place: str = ""
    period: str = ""
    borders: str = ""
    published: str = Field(default="", description="the figure as it is published, with its unit")
    release: int | None = None
    address: str = ""
    note: str = ""


class Checked(BaseModel):
    """The numbers of a text in order; years, dates and numbers of laws are no figures."""

    numbers: list[CheckedNumber]
    supported: int
    of: int
    unchecked: int = Field(default=0, description="numbers beyond those that are checked at once")
