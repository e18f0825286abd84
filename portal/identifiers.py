"""Identifiers that outlive re-publication: derived from names, never drawn at random."""

from __future__ import annotations

import uuid

# The namespace of this project: UUIDv5 of its name in the DNS namespace of RFC 9562.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "openindicators.danang.gov.vn")


def dataset_urn(dataset: str) -> str:
    """Return the identifier of a dataset (`<sector>/<dataset>`)."""
    return uuid.uuid5(NAMESPACE, f"dataset:{dataset}").urn


def distribution_urn(dataset: str, file: str) -> str:
    """Return the identifier of one of a dataset's files."""
    return uuid.uuid5(NAMESPACE, f"distribution:{dataset}:{file}").urn


def publisher_urn(publisher: str) -> str:
    """Return the identifier of a publisher of the registry."""
    return uuid.uuid5(NAMESPACE, f"publisher:{publisher}").urn
