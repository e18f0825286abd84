"""A release as CKAN's package, resources, organisation and group. Plain data; nothing is sent.

Field names are those of ckanext-openindicators' schema, which ckanext-dcat reads.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from model.records.release import FileRecord, Release
from model.reference.city import city
from model.reference.registries import Licence, Publisher, Sector
from model.util.languages import default_language, languages
from model.util.text import LocalizedText, joined, slug
from portal.changes.change_set import in_words
from portal.content import Content
from portal.distributions.base import Distribution
from portal.distributions.csv_files import changes_csv, csv_table
from portal.distributions.parquet_file import parquet_file
from portal.distributions.quality_report import quality_json
from portal.distributions.registry import DISTRIBUTIONS, with_distributions
from portal.metadata import dqv, identifiers
from portal.metadata.dcat import AUTHORITY, accrual_periodicity, dataset_nodes, language_terms
from portal.metadata.mqa import assess
from portal.scope import scope_of
from portal.vocabulary import SCOPES, sentence

Fields = dict[str, Any]

SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
COMPLETED = "http://purl.org/adms/status/Completed"
UNDER_DEVELOPMENT = "http://purl.org/adms/status/UnderDevelopment"
DEPRECATED = "http://purl.org/adms/status/Deprecated"

# What an older release keeps: enough to cite it, to verify it and to make the rest again.
KEPT: tuple[Distribution, ...] = (csv_table, parquet_file, changes_csv, quality_json)

# CKAN's own register of licences; each resource has the address of the exact one.
CKAN_LICENCES = {
    "CC-BY-4.0": "cc-by", "CC-BY-SA-4.0": "cc-by-sa", "CC-BY-SA-3.0-IGO": "cc-by-sa",
    "CC-BY-NC-SA-3.0-IGO": "cc-nc", "NONE-STATED": "notspecified", "MIT": "other-open",
    "VN-PUBLIC-INFORMATION": "other-pd",
}

_RESOLUTION = {"A": "P1Y", "S": "P6M", "Q": "P3M", "M": "P1M", "W": "P7D", "D": "P1D", "YTD": "P1M"}


def package_name(dataset: str) -> str:
    """Return the name of a dataset in the portal's addresses."""
    return _name(dataset)


def organisation(publisher: Publisher) -> Fields:
    """Return a publisher as an organisation; CKAN shows one title, so it has every language."""
    return {
        "id": identifiers.organisation_id(publisher.id),
        "name": _name(publisher.id),
        "description": str(publisher.homepage),
        **_titles(publisher.name),
    }


def group(sector: Sector) -> Fields:
    """Return a sector as a group; CKAN shows one title, so it has every language."""
    return {
        "id": identifiers.group_id(sector.id),
        "name": _name(sector.id),
        "description": sector.description.in_all("\n\n"),
        **_titles(sector.title),
    }


def package(content: Content, first: Release, private: bool, files: Sequence[FileRecord]) -> Fields:
    """Return the fields of a package that are ours, without id and resources.

    `content` is the current release with its `files`, `first` the dataset's first release; only the
    organisation sees a `private` package.
    """
    dataset, release = content.dataset, content.release
    sector = content.registries.sectors[dataset.sector]
    about = SCOPES[scope_of(content)]
    words = {code: [*dataset.keywords.get(code), about.get(code)] for code in languages()}
    return {
        "name": package_name(dataset.id),
        "private": private,
        **_translated("title", dataset.title),
        **_translated("notes", _notes(content)),
        "tags": sorted({tag(word) for each in words.values() for word in each}),
        "tags_translated": words,
        "owner_org": _name(content.publisher.id),
        "groups": [_name(sector.id)],
        "license_id": licence_id(content.licence),
        "publisher": [_publisher(content.publisher)],
        "contact": [_contact(content.contact)],
        "identifier": city().portal_prefix + dataset.id,
        "version": str(release.number),
        "version_notes": in_words(release.reason, release.changes).model_dump(),
        "provenance": _provenance(content).model_dump(),
        "quality": _quality(content, first, files),
        "issued": _moment(first),
        "modified": _moment(release),
        "frequency": accrual_periodicity(dataset),
        "temporal_resolution": _RESOLUTION[dataset.frequency],
        "temporal_coverage": _temporal(release),
        "spatial_coverage": _spatial(content),
        "access_rights": f"{AUTHORITY}/access-right/{dataset.access_rights}",
        "theme": [str(sector.theme)],
        "language": language_terms(),
    }


def tombstone(content: Content, reason: LocalizedText, on: date, successor: str | None) -> Fields:
    """Return the fields that change when the dataset of `content` is withdrawn.

    The page says the `reason`, the day (`on`) and the address of a `successor`, if there is one.
    """
    instead = f"\n\n→ {successor}" if successor else ""
    notes = sentence("withdrawn", on=on.isoformat(), reason=reason, instead=instead)
    return {
        **_translated("title", sentence("withdrawn title", title=content.dataset.title)),
        **_translated("notes", notes),
    }


def current_resource(content: Content, file: FileRecord) -> Fields:
    """Return the resource for a `file` of the current release `content`, without its address."""
    [(_, form)] = with_distributions([file], content.dataset)
    return {
        "id": identifiers.resource_id(content.dataset.id, file.name),
        **_translated("name", form.title),
        **_translated("description", form.purpose),
        **_file(content, file, form),
        "status": COMPLETED,
        "issued": _moment(content.release),
        "modified": _moment(content.release),
    }


def release_resource(
    content: Content, file: FileRecord, releases: Sequence[Release], current: bool
) -> Fields:
    """Return the resource that permanently holds a `file` of a release.

    `content` is the newest release that has it, `releases` are all that do, oldest first; `current`
    says whether the newest of them is the dataset's current release.
    """
    [(_, form)] = with_distributions([file], content.dataset)
    numbers = ", ".join(str(release.number) for release in releases)
    dates = ", ".join(release.issued.date().isoformat() for release in releases)
    return {
        "id": identifiers.release_file_id(content.dataset.id, file.name, file.sha256),
        **_translated("name", sentence(
            "release file", numbers=numbers, dates=dates, title=form.title
        )),
        **_translated("description", sentence("release file purpose")),
        **_file(content, file, form),
        "status": COMPLETED if current else DEPRECATED,
        "issued": _moment(releases[0]),
        "modified": _moment(releases[0]),
        "releases": " ".join(str(release.number) for release in releases),
        "file": file.name,
    }


def kept_files(content: Content) -> set[str]:
    """Return the names of the files that an older release keeps."""
    return {form.file_name(content.dataset) for form in KEPT}


def file_names(content: Content) -> list[str]:
    """Return the names of all files of a dataset, in the order in which they are offered."""
    return [form.file_name(content.dataset) for form in DISTRIBUTIONS if form.holds(content)]


def tag(word: str) -> str:
    """Return a keyword as CKAN takes it: letters, digits, blanks and `-_.`"""
    return " ".join(re.sub(r"[^\w \-.]", " ", word).split())


def licence_id(licence: Licence) -> str:
    """Return the nearest entry of CKAN's own register."""
    return CKAN_LICENCES.get(licence.id) or ("other-at" if licence.open else "other-closed")


def _file(content: Content, file: FileRecord, form: Distribution) -> Fields:
    licence = content.licence
    return {
        "format": form.file_type,
        "mimetype": form.media_type,
        "size": file.bytes,
        "hash": file.sha256,
        "hash_algorithm": SHA256,
        "license": str(licence.eu_uri or licence.url),
        "rights": (licence.attribution or licence.title).model_dump(),
    }


def _translated(name: str, text: LocalizedText) -> Fields:
    given = {code: text.get(code) for code in languages()}
    return {name: given[default_language()], f"{name}_translated": given}


def _notes(content: Content) -> LocalizedText:
    dataset = content.dataset
    texts = (dataset.description, dataset.method, dataset.notes, dataset.ended)
    return joined((text for text in texts if text), "\n\n")


def _name(id_: str) -> str:
    """Return a name that is the city's own, on a portal that several cities may share."""
    return city().portal_prefix + slug(id_)


def _publisher(publisher: Publisher) -> Fields:
    identity = {"uri": identifiers.publisher_urn(publisher.id), "type": str(publisher.kind)}
    return {**identity, **_contact(publisher)}


def _contact(contact: Publisher) -> Fields:
    found = {
        **_translated("name", contact.name), "url": str(contact.homepage), "email": contact.email
    }
    return {key: value for key, value in found.items() if value}


def _titles(title: LocalizedText) -> Fields:
    extras = [{"key": f"title_{code}", "value": title.get(code)} for code in languages()]
    return {"title": title.in_all(), "extras": extras}


def _moment(release: Release) -> str:
    return release.issued.isoformat()


def _temporal(release: Release) -> list[Fields]:
    if not release.period_first or not release.period_last:
        return []
    return [{"start": _day(release.period_first), "end": _day(release.period_last)}]


def _day(period: str) -> str:
    """Return a period as DCAT knows it: a day, a month or a year."""
    found = re.fullmatch(r"\d{4}(-\d\d){0,2}", period)
    return period if found else period[:4]


def _spatial(content: Content) -> list[Fields]:
    geography = content.dataset.geography
    place = {"text": geography.coverage.in_all()}
    return [{"uri": geography.uri, **place} if geography.uri else place]


def _quality(content: Content, first: Release, files: Sequence[FileRecord]) -> Fields:
    """Return what was measured of the release, which the portal's DCAT describes in W3C's DQV."""
    quality = content.quality
    algorithm = quality.versions.get("scores")
    if not algorithm:
        return {}
    described = with_distributions(files, content.dataset)
    nodes = dataset_nodes(content, described, folder="", page="#", issued=_moment(first))
    mqa = assess(nodes, content.dataset.id)
    measured = dqv.values(quality.scores, mqa)
    return {"algorithm": algorithm, **{str(name): value for name, value in measured.items()}}


def _provenance(content: Content) -> LocalizedText:
    release = content.release
    counts = {name: content.quality.count(name) for name in ("passed", "warned", "failed")}
    return sentence(
        "provenance", publisher=content.publisher.name, sha256=release.snapshot_sha256,
        quarantined=release.quarantined, **counts,
    )
