"""The connectors, each named once; the `protocol` of a declaration chooses among them.

Only their options are imported here. What fetches and reads needs pyarrow and more, which take
0.3 s: it is imported when a dataset is run.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from model.declarations.connectors import Connectors
from model.declarations.source import Source
from model.errors import DeclarationError
from model.util.text import did_you_mean
from sources.base import ConnectorOptions, SourceProtocol
from sources.connectors.options.computed import ComputedOptions
from sources.connectors.options.files import FilesOptions, HxlOptions
from sources.connectors.options.indicators import (
    GhoOptions,
    UisOptions,
    WorldBankBulkOptions,
    WorldBankOptions,
)
from sources.connectors.options.portals import CkanOptions, DaNangPortalOptions
from sources.connectors.options.pxweb import PxWebOptions, PxWebV2Options
from sources.connectors.options.sdmx import SdmxOptions
from sources.connectors.options.submission import SubmissionOptions

_OPTIONS: tuple[type[ConnectorOptions], ...] = (
    CkanOptions, ComputedOptions, DaNangPortalOptions, FilesOptions, GhoOptions, HxlOptions,
    PxWebOptions, PxWebV2Options, SdmxOptions, SubmissionOptions, UisOptions, WorldBankOptions,
    WorldBankBulkOptions,
)
PROTOCOLS: Mapping[str, type[ConnectorOptions]] = {each.protocol: each for each in _OPTIONS}
CONNECTORS = Connectors(PROTOCOLS)


def protocol(name: str) -> SourceProtocol:
    """Return the connector of that name.

    Raises:
        DeclarationError: there is none; the nearest name is given.
    """
    module: Any = import_module(_options_type(name).module)
    return module


def _options_type(name: str) -> type[ConnectorOptions]:
    found = PROTOCOLS.get(name)
    if found is None:
        raise DeclarationError(
            f"unknown protocol {name!r}", todo=did_you_mean(name, set(PROTOCOLS))
        )
    return found


def options_of(source: Source) -> ConnectorOptions:
    """Return a source's options as its connector's own type.

    A declaration that was loaded with CONNECTORS has them already; one that a release keeps has
    them as plain data.

    Raises:
        DeclarationError: the protocol is unknown.
        pydantic.ValidationError: an option is wrong.
    """
    if isinstance(source.options, ConnectorOptions):
        return source.options
    return _options_type(source.protocol).model_validate(source.options)
