"""The Dagster component of the declarations: datasets in, assets and asset checks out.

`defs.yaml` beside this module selects the datasets; the declarations themselves are read by
`pipelines.catalogue`, which Dagster's YAML schema does not replace: `openindicators check`
validates them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import yaml
from pydantic import BaseModel, Field

from model.util.text import slug
from pipelines.catalogue import Catalogue, load_catalogue
from pipelines.dagster.assets import dataset_assets
from pipelines.settings import Settings
from pipelines.steps.bound_dataset import BoundDataset


class DatasetScaffoldParams(BaseModel):
    """Options of `dg scaffold defs assets.component.DatasetComponent SECTOR/DATASET`."""

    source: str | None = Field(
        default=None, description="file or URL to inspect; the declaration that reads it is written"
    )


class DatasetScaffolder(dg.Scaffolder[DatasetScaffoldParams]):
    """Writes the declaration and the suite of a new dataset, as `openindicators new` does."""

    @classmethod
    def get_scaffold_params(cls) -> type[DatasetScaffoldParams]:
        """Return the options of the command."""
        return DatasetScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[DatasetScaffoldParams]) -> None:
        """Write both files, and the `defs.yaml` without which dg fails.

        The folder with that `defs.yaml` can be deleted: the one in `assets/` selects all datasets.
        """
        from pipelines.cli.new.command import new  # noqa: PLC0415 (no run loads sources.inspect)

        dataset = "/".join(request.target_path.parts[-2:])
        new(dataset, request.params.source)
        dg.scaffold_component(request, {"datasets": [dataset]})


@dg.scaffold_with(DatasetScaffolder)
class DatasetComponent(dg.Component, dg.Model, dg.Resolvable):
    """Datasets of the project: each becomes snapshot, table with checks, release, publication."""

    datasets: Sequence[str] = Field(
        default=(), description="ids, names or sectors of datasets; all where empty"
    )
    profile: str | None = Field(
        default=None, description="which sources to use; default: OPENINDICATORS_PROFILE"
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the assets and checks of the selected datasets."""
        settings = Settings.from_environment(self.profile)
        return self.definitions(settings, load_catalogue(settings))

    def definitions(self, settings: Settings, catalogue: Catalogue) -> dg.Definitions:
        """Return the assets and checks of the selected datasets of a `catalogue`.

        The `settings` have the profile, and the portal that limits concurrent publications.

        Raises:
            OpenIndicatorsError: `datasets` names one that is not declared or has an error.
        """
        chosen = catalogue.select(settings.profile, list(self.datasets))
        others = catalogue.bound_datasets(settings.profile)
        return dg.Definitions(assets=assets_of(settings, chosen, others))


def assets_of(
    settings: Settings, chosen: Mapping[str, BoundDataset], others: Mapping[str, BoundDataset]
) -> list[dg.AssetsDefinition]:
    """Return the assets of the `chosen` datasets; `others` are all of the profile, both by id.

    The `settings` name the portal that limits concurrent publications.
    """
    # CKAN is shared with people: one dataset at a time (Dagster's limit of the pool).
    pool = f"portal-{slug(settings.ckan.url)}" if settings.ckan else None
    return [asset for bound in chosen.values() for asset in dataset_assets(bound, others, pool)]


def load_component(folder: Path) -> DatasetComponent:
    """Return the component that `defs.yaml` in a folder declares; of all datasets without one."""
    path = folder / "defs.yaml"
    if not path.is_file():
        return DatasetComponent()
    # Not `from_yaml_path`: it imports every Python file below its root.
    attributes = yaml.safe_load(path.read_text(encoding="utf-8")).get("attributes")
    return DatasetComponent.from_attributes_dict(attributes=attributes or {})
