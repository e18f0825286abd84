"""Solr 9 from its published jars, with CKAN's schema and two changes for our languages.

The distribution archive is in no package registry, so Maven fetches the jars (`pom.xml`) and a
small launcher starts them (`SolrServer.java`).
"""

from dev.ckan.services.solr.core import adapt_schema, ensure_core
from dev.ckan.services.solr.programs import ensure_programs
from dev.ckan.services.solr.server import service, url

__all__ = ["adapt_schema", "ensure_core", "ensure_programs", "service", "url"]
