"""What services that are asked for one indicator at a time have in common."""

from __future__ import annotations

from pydantic import model_validator

from model.util.text import Code, Frozen
from sources.connectors.options import BaseUrl, Files, exactly_one
from sources.fetch.urls import host_of


class ByIndicator(Frozen):
    """The options that all of them have: `indicators` of the service at `base_url`; or `files`."""

    indicators: tuple[Code, ...] = ()
    base_url: BaseUrl
    files: Files = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> ByIndicator:
        exactly_one(indicators=self.indicators, files=self.files)
        return self


def service_host(options: ByIndicator) -> str:
    """Return the host that is asked, "" for files."""
    return "" if options.files else host_of(options.base_url)
