"""The running Solr server."""

from __future__ import annotations

from dev.ckan.machine.probes import get
from dev.ckan.machine.processes import Service
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services.solr.core import CORE, configuration_stamp, solr_home

SCHEMA_NAME = "ckan-2.12"


def url(port: int) -> str:
    """Return the address of CKAN's core."""
    return f"http://127.0.0.1:{port}/solr/{CORE}"


def service(portal_dir: PortalDir, port: int) -> Service:
    """Return the server."""
    return Service(
        name="solr",
        command=[
            *("java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC"),
            f"-Dsolr.log.dir={portal_dir.logs}",
            *("-cp", f"{portal_dir.solr}/classes:{portal_dir.solr}/lib/*", "SolrServer"),
            *(str(solr_home(portal_dir)), str(port)),
        ],
        files=(portal_dir.solr / "built", configuration_stamp(portal_dir)),
        ready=lambda: SCHEMA_NAME in (get(f"{url(port)}/schema?wt=schema.xml") or ""),
    )
