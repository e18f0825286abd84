"""Options of the World Bank: its Indicators API, and its downloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from model.declarations.source import ColumnRule
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
