"""Options of services that are asked for indicators: the World Bank, the WHO and UNESCO."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from model.declarations.source import ColumnRule
from model.util.text import Code
from sources.connectors.options.shared import BaseUrl, Codes, IndicatorOptions, Years


class WorldBankOptions(IndicatorOptions):
    """Options of the World Bank's Indicators API."""

    protocol: ClassVar[str] = "worldbank"
    module: ClassVar[str] = "sources.connectors.worldbank"
    columns: ClassVar[Mapping[str, ColumnRule]] = {
        "indicator": ColumnRule(column="indicator"),
        "ref_area": ColumnRule(column="area"),
        "time_period": ColumnRule(column="date"),
        "obs_value": ColumnRule(column="value", locale="plain"),
        "obs_status": ColumnRule(column="obs_status"),
    }

    areas: Literal["all"] | Codes = "all"
    """Codes of countries and aggregates, or `all`."""
    years: Years | None = None
    """Range of periods, e.g. `2000..` or `2020M01..2020M12`; all by default."""
    source: Annotated[int, Field(ge=1)] | None = None
    """Number of the database, e.g. 2 for the World Development Indicators."""
    per_page: Annotated[int, Field(ge=1, le=32_500)] = 1_000
    """Observations a page."""
    footnotes: bool = False
    """Ask for footnotes, too."""
    base_url: BaseUrl = "https://api.worldbank.org/v2"
    """Where the service is."""


class WorldBankBulkOptions(IndicatorOptions):
    """Options of World Bank downloads; `files` are CSV, zip, xls or xlsx."""

    protocol: ClassVar[str] = "worldbank_bulk"
    module: ClassVar[str] = "sources.connectors.worldbank_bulk"
    columns: ClassVar[Mapping[str, ColumnRule]] = {
        "indicator": ColumnRule(column="indicator_code"),
        "ref_area": ColumnRule(column="country_code"),
        "time_period": ColumnRule(column="year"),
        "obs_value": ColumnRule(column="value", locale="plain"),
    }

    base_url: BaseUrl = "https://api.worldbank.org/v2"
    """Where the service is."""


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


class UisOptions(IndicatorOptions):
    """Options of the UNESCO Institute for Statistics; `files` are JSON, CSV or zip."""

    protocol: ClassVar[str] = "uis"
    module: ClassVar[str] = "sources.connectors.uis"
    columns: ClassVar[Mapping[str, ColumnRule]] = {
        "indicator": ColumnRule(column="indicator_id"),
        "ref_area": ColumnRule(column="country_id"),
        "time_period": ColumnRule(column="year"),
        "obs_value": ColumnRule(column="value", locale="plain"),
        "obs_status": ColumnRule(column="qualifier", map={"NAT_EST": "E", "UIS_EST": "E"}),
    }

    areas: tuple[Code, ...] = ()
    """Codes of countries or regions; all by default."""
    unit_type: Literal["NATIONAL", "REGIONAL"] | None = None
    """Countries or regions alone."""
    years: Years | None = None
    """Range of years, e.g. `2000..`; all by default."""
    version: Code | None = None
    """Version of the data; the current one by default."""
    base_url: BaseUrl = "https://api.uis.unesco.org/api/public"
    """Where the service is."""
