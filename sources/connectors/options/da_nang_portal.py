"""Options of the open data portal of Da Nang."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from sources.base import ConnectorOptions
from sources.connectors.credentials import Secret
from sources.connectors.options.shared import BaseUrl, exactly_one


class DaNangPortalOptions(ConnectorOptions):
    """Options of Da Nang's portal: `datasets` with a `login`, or `files`."""

    protocol: ClassVar[str] = "da_nang_portal"
    module: ClassVar[str] = "sources.connectors.da_nang_portal"

    datasets: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Numbers of datasets, as in their addresses."""
    login: Secret | None = None
    """Where `user:password` is kept."""
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Records a page."""
    base_url: BaseUrl = "https://congdulieu.vn"
    """Where the portal is."""

    @model_validator(mode="after")
    def _consistent(self) -> DaNangPortalOptions:
        exactly_one(datasets=self.datasets, files=self.files)
        if bool(self.datasets) != (self.login is not None):
            raise ValueError("give `datasets` and `login` together")
        return self

    @property
    def address(self) -> str | None:
        """The portal; None for files."""
        return self.base_url if self.datasets else None
