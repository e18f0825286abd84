"""Which areas of a codelist are groups of others."""

from __future__ import annotations

from model.declarations.dataset import Dataset
from model.reference.registries import Registries


def group_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of the dataset's codelist that are groups of others."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if grouped]


def single_codes(dataset: Dataset, registries: Registries) -> list[str]:
    """Return the areas of the dataset's codelist that are no groups."""
    areas = registries.codelists[dataset.geography.codelist].areas_grouped
    return [code for code, grouped in areas if not grouped]
