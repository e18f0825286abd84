"""Options of the Global Health Observatory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from model.declarations.source import ColumnRule
from model.util.text import Code
from sources.connectors.options.shared import BaseUrl, IndicatorOptions, Years


class GhoOptions(IndicatorOptions):
    """Options of the Global Health Observatory; `files` are JSON, or CSV of Athena."""

    protocol: ClassVar[str] = "gho"
    module: ClassVar[str] = "sources.connectors.gho"
    # Of the OData answers; the CSV files have names of their own (GHO, COUNTRY, YEAR, Numeric).
    columns: ClassVar[Mapping[str, ColumnRule]] = {
        "indicator": ColumnRule(column="IndicatorCode"),
        "ref_area": ColumnRule(column="SpatialDim"),
        "time_period": ColumnRule(column="TimeDim"),
        "obs_value": ColumnRule(column="NumericValue", locale="plain"),
    }

    areas: tuple[Code, ...] = ()
    """Codes of areas; all by default."""
    years: Years | None = None
    """Range of years, e.g. `2000..`; all by default."""
    filter: dict[Code, tuple[Code, ...]] = Field(default_factory=dict)
    """Values of a dimension to keep, e.g. `Dim1: [SEX_BTSX]`."""
    base_url: BaseUrl = "https://ghoapi.azureedge.net/api"
    """Where the service is."""
