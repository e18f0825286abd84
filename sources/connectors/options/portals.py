"""Options of open data portals: CKAN, and that of Da Nang."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from model.util.text import Text
from sources.base import ConnectorOptions
from sources.connectors.options.files import FilesOptions
from sources.connectors.options.shared import BaseUrl, Secret, exactly_one


class CkanOptions(ConnectorOptions):
    """Options of CKAN: the resources of a `package`, or `files`."""

    protocol: ClassVar[str] = "ckan"
    module: ClassVar[str] = "sources.connectors.ckan"

    base_url: BaseUrl | None = None
    """Where the portal is."""
    package: Text | None = None
    """Id or name of the dataset."""
    resources: tuple[Text, ...] = ()
    """Ids or names of resources; all of the package by default."""
    formats: tuple[Text, ...] = ()
    """Keep the resources of these formats, e.g. CSV."""
    datastore: bool = False
    """Read the rows of the DataStore instead of the file."""
    page_size: Annotated[int, Field(ge=1, le=32_000)] = 10_000
    """Rows a page of the DataStore; CKAN serves at most 32,000."""
    token: Secret | None = None
    """Where the API token is kept, for private datasets."""
    layout: dict[str, Any] = Field(default_factory=dict)
    """How the files are laid out: options of the protocol `files`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        exactly_one(package=self.package, files=self.files)
        if (self.package is None) != (self.base_url is None):
            raise ValueError("give `base_url` and `package` together")
        if self.datastore and self.layout:
            raise ValueError("`layout` describes files; the DataStore has rows")
        layout_of(self)
        return self

    @property
    def address(self) -> str | None:
        """The portal; None for files."""
        return self.base_url


def layout_of(options: CkanOptions) -> FilesOptions:
    """Return the layout as options of `files`.

    Raises:
        pydantic.ValidationError: one is wrong.
    """
    return FilesOptions.model_validate({**options.layout, "files": ("resource",)})


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
    def _consistent(self) -> Self:
        exactly_one(datasets=self.datasets, files=self.files)
        if bool(self.datasets) != (self.login is not None):
            raise ValueError("give `datasets` and `login` together")
        return self

    @property
    def address(self) -> str | None:
        """The portal; None for files."""
        return self.base_url if self.datasets else None
