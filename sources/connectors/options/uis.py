"""Options of the UNESCO Institute for Statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from model.declarations.source import ColumnRule
from model.util.text import Code
from sources.connectors.options.shared import BaseUrl, IndicatorOptions, Years


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
