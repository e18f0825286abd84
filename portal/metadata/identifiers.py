"""Identifiers that outlive re-publication: derived from names (UUIDv5), never random."""

import uuid

from model.reference.city import city

# Of what is the same in every city; ckanext-openindicators has it, too.
METRICS = uuid.UUID("a7298ddf-d070-5038-a845-74c485441688")


def _identifier(name: str) -> uuid.UUID:
    """Return the identifier of what has a `name` in the namespace of the city."""
    return uuid.uuid5(city().identifiers, name)


def dataset_urn(dataset: str) -> str:
    """Return the identifier of a dataset (`<sector>/<dataset>`)."""
    return _identifier(f"dataset:{dataset}").urn


def distribution_urn(dataset: str, file: str) -> str:
    """Return the identifier of a `file` of a `dataset`."""
    return _identifier(f"distribution:{dataset}:{file}").urn


def release_urn(dataset: str, number: int) -> str:
    """Return the identifier of the release of a `dataset` with a `number`."""
    return _identifier(f"release:{dataset}:{number}").urn


def feed_urn(name: str) -> str:
    """Return the identifier of a feed by its `name`, the path of its file."""
    return _identifier(f"feed:{name}").urn


def publisher_urn(publisher: str) -> str:
    """Return the identifier of a publisher of the registry."""
    return _identifier(f"publisher:{publisher}").urn


def package_id(dataset: str) -> str:
    """Return the id of a dataset's package on a portal that lets its clients choose ids."""
    return dataset_urn(dataset).removeprefix("urn:uuid:")


def resource_id(dataset: str, file: str) -> str:
    """Return the id of the resource that always leads to the current `file` of a `dataset`."""
    return distribution_urn(dataset, file).removeprefix("urn:uuid:")


def release_file_id(dataset: str, file: str, sha256: str) -> str:
    """Return the id of the resource for a `file` of a `dataset` with these bytes (`sha256`)."""
    return str(_identifier(f"release file:{dataset}:{file}:{sha256}"))


def organisation_id(publisher: str) -> str:
    """Return the id of a publisher's organisation."""
    return publisher_urn(publisher).removeprefix("urn:uuid:")


def group_id(sector: str) -> str:
    """Return the id of a sector's group."""
    return str(_identifier(f"sector:{sector}"))


def incident_urn(dataset: str, validation_run: int, kind: str, check: str) -> str:
    """Return an incident's identifier, for feeds: a `kind` of failure of a `check` on a `dataset`.

    `validation_run` is the number of the run in which it began.
    """
    return _identifier(f"incident:{dataset}:{validation_run}:{kind}:{check}").urn


def metric_urn(dimension: str, algorithm: str) -> str:
    """Return the identifier of a `dimension`'s metric by an `algorithm`; "" for the dimension."""
    return uuid.uuid5(METRICS, f"quality metric:{dimension}:{algorithm}").urn
