"""The SDMX services that are known by name: their addresses, and how each deviates.

Addresses, interfaces and quirks by their own documentation and by maintained clients:
ECB https://data.ecb.europa.eu/help/api/data (its CSV is not SDMX-CSV);
Eurostat https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access (a flow has no
agency before it, the form is a parameter, its JSON is JSON-stat, large answers come later);
OECD https://www.oecd.org/en/data/insights/data-explainers/2024/11/Api-best-practices-and-recommendations.html
(60 downloads an hour);
IMF https://data.imf.org, and its registry, https://sdmxcentral.imf.org;
the National Summary Data Page of Viet Nam, one message a domain (https://dsbb.imf.org/e-gdds).
Base addresses as in sdmx1, https://sdmx1.readthedocs.io/en/latest/sources.html.

`updatedAfter` and `includeHistory`, which ECB and OECD offer, are not used: they return a part of
the figures, or several states of them, and a snapshot is all of one state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RestVersion = Literal["2.1", "3.0"]
MessageForm = Literal["xml", "generic", "json", "csv"]
ServiceName = Literal[
    "ecb", "eurostat", "eurostat_3", "imf", "imf_3", "imf_registry", "nsdp_viet_nam", "oecd",
    "oecd_3",
]

# The header Accept that requests a form, by version of the interface.
ACCEPT: Mapping[tuple[RestVersion, MessageForm], str] = {
    ("2.1", "xml"): "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    ("2.1", "generic"): "application/vnd.sdmx.genericdata+xml;version=2.1",
    ("2.1", "json"): "application/vnd.sdmx.data+json;version=1.0.0",
    ("2.1", "csv"): "application/vnd.sdmx.data+csv;version=1.0.0",
    ("3.0", "xml"): "application/vnd.sdmx.data+xml;version=3.0.0",
    ("3.0", "json"): "application/vnd.sdmx.data+json;version=2.0.0",
    ("3.0", "csv"): "application/vnd.sdmx.data+csv;version=2.0.0",
}


@dataclass(frozen=True)
class SdmxService:
    """A service, and how it deviates from the standard.

    agency: of its flows, where all have the same.
    names_flow_alone: the path has the flow without agency and version.
    all_series: the key of all series; "" leaves it out.
    forms: how to request a form; parameters, or None for the header Accept.
    packed: the parameter that requests a gzip file.
    update_in: where it states when a flow was updated, see `last_update.py`.
    is_folder: a folder with a message for each flow, nothing else.
    """

    base_url: str
    rest: RestVersion = "2.1"
    agency: str | None = None
    names_flow_alone: bool = False
    all_series: str = "all"
    forms: Mapping[MessageForm, Mapping[str, str] | None] = field(default_factory=dict)
    packed: Mapping[str, str] | None = None
    update_in: Literal["annotation", "constraint"] | None = None
    is_folder: bool = False


def _standard(rest: RestVersion) -> dict[MessageForm, Mapping[str, str] | None]:
    return dict.fromkeys(form for version, form in ACCEPT if version == rest)


SERVICES: Mapping[ServiceName, SdmxService] = {
    "ecb": SdmxService(
        "https://data-api.ecb.europa.eu/service", agency="ECB",
        forms={"xml": None, "generic": None, "json": {"format": "jsondata"}},
    ),
    "eurostat": SdmxService(
        "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1", agency="ESTAT",
        names_flow_alone=True, all_series="",
        forms={
            "xml": {"format": "SDMX_2.1_STRUCTURED"}, "generic": {}, "csv": {"format": "SDMX-CSV"},
        },
        packed={"compressed": "true"}, update_in="annotation",
    ),
    "eurostat_3": SdmxService(
        "https://ec.europa.eu/eurostat/api/dissemination/sdmx/3.0", "3.0", "ESTAT",
        all_series="", forms={"csv": {"format": "csvdata", "formatVersion": "2.0"}},
        packed={"compress": "true"}, update_in="annotation",
    ),
    "imf": SdmxService("https://api.imf.org/external/sdmx/2.1", forms=_standard("2.1")),
    "imf_3": SdmxService(
        "https://api.imf.org/external/sdmx/3.0", "3.0", all_series="*", forms=_standard("3.0")
    ),
    "imf_registry": SdmxService(
        "https://sdmxcentral.imf.org/ws/public/sdmxapi/rest", forms=_standard("2.1")
    ),
    "oecd": SdmxService(
        "https://sdmx.oecd.org/public/rest",
        forms={
            "xml": None, "generic": None, "json": {"format": "jsondata"},
            "csv": {"format": "csvfile"},
        },
        update_in="constraint",
    ),
    "oecd_3": SdmxService(
        "https://sdmx.oecd.org/public/rest/v2", "3.0", all_series="*",
        forms={"json": {"format": "jsondata"}, "csv": {"format": "csvfile"}},
        update_in="constraint",
    ),
    "nsdp_viet_nam": SdmxService(
        "https://nsdp.gso.gov.vn/GSO-chung/SDMXFiles", forms={}, is_folder=True
    ),
}


def standard_service(base_url: str, rest: RestVersion) -> SdmxService:
    """Return a service at `base_url` that follows the standard in its version `rest`."""
    return SdmxService(
        base_url, rest, all_series="all" if rest == "2.1" else "*", forms=_standard(rest)
    )
