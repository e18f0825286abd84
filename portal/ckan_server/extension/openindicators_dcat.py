"""A DCAT profile that follows `euro_dcat_ap_3` and makes its output valid against DCAT-AP's shapes.

ckanext-dcat writes a resource's format and media type as text, where DCAT-AP 3 wants terms of the
EU and IANA vocabularies, gives the catalogue no publisher and files no download address, and says
of no term what it is. Shapes:
https://semiceu.github.io/DCAT-AP/releases/3.0.0/#validation-of-dcat-ap
"""

from __future__ import annotations

from typing import Any

from ckan.plugins import toolkit
from ckanext.dcat.profiles import ADMS, DCAT, DCT, FOAF, RDF, SKOS
from ckanext.dcat.profiles.base import RDFProfile
from openindicators_quality import measure
from rdflib import Literal, URIRef

IANA = "http://www.iana.org/assignments/media-types/"  # as DCAT 3 writes them
FILE_TYPE = "http://publications.europa.eu/resource/authority/file-type/"
LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
LANGUAGES = {"vi": "VIE", "en": "ENG"}


class OpenIndicatorsProfile(RDFProfile):
    """Amends the graph that the profiles before it have made."""

    def graph_from_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """Turn text into terms of vocabularies, say what each is, and what was measured."""
        measure(self.g, dataset_ref, dataset_dict.get("quality"))
        self._say_class(dataset_ref, DCAT.theme, SKOS.Concept)
        for publisher in self.g.objects(dataset_ref, DCT.publisher):
            self._say_class(publisher, DCT.type, SKOS.Concept)
        for distribution in self.g.objects(dataset_ref, DCAT.distribution):
            self._to_term(distribution, DCAT.mediaType, IANA, DCT.MediaType)
            self._to_term(distribution, DCT["format"], FILE_TYPE, DCT.MediaTypeOrExtent)
            self._say_class(distribution, ADMS.status, SKOS.Concept)
            self._say_download(distribution)
            for licence in self.g.objects(distribution, DCT.license):
                self._say_class(licence, DCT.type, SKOS.Concept)

    def graph_from_catalog(self, catalog_dict: dict[str, Any], catalog_ref: URIRef) -> None:
        """Give the catalogue its publisher and its languages."""
        site = toolkit.config["ckan.site_url"]
        publisher = URIRef(f"{site}/#publisher")
        self.g.add((catalog_ref, DCT.publisher, publisher))
        self.g.add((publisher, RDF.type, FOAF.Agent))
        name = toolkit.config.get("openindicators.publisher") or toolkit.config["ckan.site_title"]
        self.g.add((publisher, FOAF.name, Literal(name, lang="vi")))
        self._say_class(catalog_ref, FOAF.homepage, FOAF.Document)
        for value in list(self.g.objects(catalog_ref, DCT.language)):
            if isinstance(value, Literal) and str(value) in LANGUAGES:
                self.g.remove((catalog_ref, DCT.language, value))
        for code in LANGUAGES.values():
            self.g.add((catalog_ref, DCT.language, URIRef(LANGUAGE + code)))
        self._say_class(catalog_ref, DCT.language, DCT.LinguisticSystem)

    def _say_download(self, distribution: Any) -> None:
        """Tell that a file of this portal is at its very address: `url` may be any page."""
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

    def _say_class(self, subject: Any, predicate: URIRef, kind: URIRef) -> None:
        for term in self.g.objects(subject, predicate):
            if isinstance(term, URIRef):
                self.g.add((term, RDF.type, kind))
                if kind == SKOS.Concept and (term, SKOS.prefLabel, None) not in self.g:
                    # The vocabulary has the labels; its own code is a label that is never wrong.
                    code = str(term).rsplit("/", 1)[-1]
                    self.g.add((term, SKOS.prefLabel, Literal(code, lang="en")))
