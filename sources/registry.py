"""The protocols, each named once."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from model.dataset import Source
from model.errors import DeclarationError
from model.text import did_you_mean
from sources import (
    ckan,
    da_nang_portal,
    files,
    gho,
    hxl,
    pxweb,
    pxweb_v2,
    sdmx,
    uis,
    worldbank,
    worldbank_bulk,
)
from sources.base import SourceProtocol

PROTOCOLS: Mapping[str, SourceProtocol] = {
    ckan.name: ckan,
    da_nang_portal.name: da_nang_portal,
    files.name: files,
    gho.name: gho,
    hxl.name: hxl,
    pxweb.name: pxweb,
    pxweb_v2.name: pxweb_v2,
    sdmx.name: sdmx,
    uis.name: uis,
    worldbank.name: worldbank,
    worldbank_bulk.name: worldbank_bulk,
}


def protocol(name: str) -> SourceProtocol:
    """Return the protocol of that name.

    Raises:
        DeclarationError: there is none; the nearest name is given.
    """
    found = PROTOCOLS.get(name)
    if found is None:
        raise DeclarationError(
            f"unknown protocol {name!r}", todo=did_you_mean(name, set(PROTOCOLS))
        )
    return found


def options_of(source: Source) -> BaseModel:
    """Return a source's options, checked by its protocol.

    Raises:
        DeclarationError: the protocol is unknown.
        pydantic.ValidationError: an option is wrong; the caller knows file and line.
    """
    return protocol(source.protocol).Options.model_validate(source.options)
