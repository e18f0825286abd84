"""DCAT profile that completes `euro_dcat_ap_3` so that its output conforms to DCAT-AP's shapes.

ckanext-dcat writes a resource's format and media type as text, where DCAT-AP 3 requires terms of
the EU and IANA vocabularies; it gives the catalogue no publisher, files no download URL, and terms
no class. Configure it after `euro_dcat_ap_3`, without `euro_dcat_ap_scheming`: with both, every
node appears twice. Shapes:
https://semiceu.github.io/DCAT-AP/releases/3.0.0/#validation-of-dcat-ap
"""

from __future__ import annotations

from typing import Any

from ckan.plugins import toolkit
from ckanext.dcat.profiles import ADMS, DCAT, DCT, FOAF, RDF, SKOS
from ckanext.dcat.profiles.base import RDFProfile
from ckanext.openindicators.dqv import add_measurements
from rdflib import Literal, URIRef

IANA = "http://www.iana.org/assignments/media-types/"  # the form of DCAT 3's examples
FILE_TYPE = "http://publications.europa.eu/resource/authority/file-type/"
LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
PUBLISHER = "ckanext.openindicators.publisher"  # see config_declaration.yaml
LANGUAGES = {"vi": "VIE", "en": "ENG"}


class OpenIndicatorsProfile(RDFProfile):
    """Completes the graph that the profiles before it have built."""

    def graph_from_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """Replace text by vocabulary terms with their classes, and add the measured quality."""
        add_measurements(self.g, dataset_ref, dataset_dict.get("quality"))
        self._add_class(dataset_ref, DCAT.theme, SKOS.Concept)
        for publisher in self.g.objects(dataset_ref, DCT.publisher):
            self._add_class(publisher, DCT.type, SKOS.Concept)
        for distribution in self.g.objects(dataset_ref, DCAT.distribution):
            self._to_term(distribution, DCAT.mediaType, IANA, DCT.MediaType)
            self._to_term(distribution, DCT["format"], FILE_TYPE, DCT.MediaTypeOrExtent)
            self._add_class(distribution, ADMS.status, SKOS.Concept)
            self._add_download_url(distribution)
            for licence in self.g.objects(distribution, DCT.license):
                self._add_class(licence, DCT.type, SKOS.Concept)

    def graph_from_catalog(self, catalog_dict: dict[str, Any], catalog_ref: URIRef) -> None:
        """Add the catalogue's publisher and languages."""
        site = toolkit.config["ckan.site_url"]
        publisher = URIRef(f"{site}/#publisher")
        self.g.add((catalog_ref, DCT.publisher, publisher))
        self.g.add((publisher, RDF.type, FOAF.Agent))
        name = toolkit.config.get(PUBLISHER) or toolkit.config["ckan.site_title"]
        self.g.add((publisher, FOAF.name, Literal(name, lang="vi")))
        self._add_class(catalog_ref, FOAF.homepage, FOAF.Document)
        for value in list(self.g.objects(catalog_ref, DCT.language)):
            if isinstance(value, Literal) and str(value) in LANGUAGES:
                self.g.remove((catalog_ref, DCT.language, value))
        for code in LANGUAGES.values():
            self.g.add((catalog_ref, DCT.language, URIRef(LANGUAGE + code)))
        self._add_class(catalog_ref, DCT.language, DCT.LinguisticSystem)

    def _add_download_url(self, distribution: Any) -> None:
        """Add the download URL of a file on this portal; elsewhere `url` may be any page."""
        portal = f"{toolkit.config['ckan.site_url']}/"
        if (distribution, DCAT.downloadURL, None) not in self.g:
            for address in list(self.g.objects(distribution, DCAT.accessURL)):
                if str(address).startswith(portal) and "/download/" in str(address):
                    self.g.add((distribution, DCAT.downloadURL, address))

    def _to_term(self, subject: Any, predicate: URIRef, base: str, kind: URIRef) -> None:
        for value in list(self.g.objects(subject, predicate)):
            term = URIRef(base + str(value)) if isinstance(value, Literal) else value
            self.g.remove((subject, predicate, value))
            self.g.add((subject, predicate, term))
            self.g.add((term, RDF.type, kind))

    def _add_class(self, subject: Any, predicate: URIRef, kind: URIRef) -> None:
        for term in self.g.objects(subject, predicate):
            if isinstance(term, URIRef):
                self.g.add((term, RDF.type, kind))
                if kind == SKOS.Concept and (term, SKOS.prefLabel, None) not in self.g:
                    # The vocabulary has the labels; its own code is one that is always valid.
                    code = str(term).rsplit("/", 1)[-1]
                    self.g.add((term, SKOS.prefLabel, Literal(code, lang="en")))
