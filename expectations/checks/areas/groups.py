"""Which areas of a codelist are groups of others."""

from model.declarations.dataset import Dataset
from model.reference.registries import Registries


def group_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are groups of others."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if grouped]


def single_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of a dataset's codelist (in the registries) that are no groups."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if not grouped]
