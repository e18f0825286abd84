"""Which areas of a codelist are groups of others."""

from model.declarations.dataset import Dataset
from model.reference.registries import Registries


def group_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are groups of others."""
    return [code for code, grouped in _areas(dataset, registries) if grouped]


def single_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are no groups."""
    return [code for code, grouped in _areas(dataset, registries) if not grouped]


def _areas(dataset: Dataset, registries: Registries) -> list[tuple[str, bool]]:
    """Return each area, and whether it is a group: a country is, in a list of its provinces."""
    areas = registries.codelists[dataset.geography.codelist].entries
    countries = sum(area.kind == "country" for area in areas)
    grouped = ("aggregate", "region", *(["country"] if countries == 1 else []))
    return [(area.code, area.kind in grouped) for area in areas]
