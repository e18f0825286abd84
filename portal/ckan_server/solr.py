"""Solr 9 from its published jars, with CKAN's schema and one change for Vietnamese."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from model.errors import PortalError
from portal.ckan_server import ckan_venv, commands
from portal.ckan_server.home import HERE, Home, fingerprint, is_stamped
from portal.ckan_server.probes import get
from portal.ckan_server.processes import Service

SOURCES = HERE / "solr"
CORE = "ckan"
SCHEMA_NAME = "ckan-2.12"

# CKAN stems as English first and takes the accents off afterwards. "thủy" and "thuy" then have
# different stems ("thui", "thuy"), and who types without accents finds nothing. Accents first.
STEM_THEN_FOLD = re.compile(
    r'(<filter class="solr\.SnowballPorterFilterFactory"[^>]*/>)(\s*)'
    r'(<filter class="solr\.ASCIIFoldingFilterFactory"/>)'
)
# Translations are indexed as whole strings otherwise: not found by a word, and refused by Lucene
# above 32,766 bytes.
FIRST_DYNAMIC_FIELD = '<dynamicField name="*_date"'
TRANSLATIONS_AS_TEXT = (
    '<dynamicField name="*_translated" type="text" indexed="true" stored="false"/>'
)


def ensure_programs(home: Home) -> bool:
    """Fetch the jars and compile the launcher unless done; tell whether it was.

    Raises:
        PortalError: Maven or the compiler failed.
    """
    pom, launcher = SOURCES / "pom.xml", SOURCES / "SolrServer.java"
    stamp = home.solr / "built"
    version = fingerprint(pom, launcher)
    if is_stamped(stamp, version):
        return False
    jars, classes = home.solr / "lib", home.solr / "classes"
    for folder in (jars, classes):
        shutil.rmtree(folder, ignore_errors=True)
    log = home.log("solr-install")
    log.unlink(missing_ok=True)
    commands.run(
        [
            *("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={jars}"),
        ],
        log=log,
        what="Solr's jars could not be fetched",
        todo="see whether Maven reaches its central repository, then run `up` again",
    )
    commands.run(
        ["javac", "-cp", f"{jars}/*", "-d", classes, launcher],
        log=log,
        what="Solr's launcher could not be compiled",
        todo="see whether `javac -version` is 17 or newer, then run `up` again",
    )
    stamp.write_text(version)
    return True


def ensure_core(home: Home) -> str:
    """Write the core's configuration and return its fingerprint.

    An index made by another schema is removed: CKAN rebuilds it from its database.

    Raises:
        PortalError: CKAN's schema is not the one that is known here.
    """
    core = _solr_home(home) / CORE
    schema = adapt_schema((ckan_venv.package_folder(home) / "config/solr/schema.xml").read_text())
    version = fingerprint(schema, SOURCES / "solrconfig.xml", SOURCES / "pom.xml")
    stamp = core / "configured"
    if is_stamped(stamp, version):
        return version
    shutil.rmtree(core, ignore_errors=True)
    (core / "conf").mkdir(parents=True)
    (_solr_home(home) / "solr.xml").write_text("<solr/>\n")
    (core / "core.properties").write_text(f"name={CORE}\n")
    (core / "conf" / "schema.xml").write_text(schema)
    shutil.copy(SOURCES / "solrconfig.xml", core / "conf")
    for empty in ("synonyms.txt", "protwords.txt"):  # the schema names them
        (core / "conf" / empty).touch()
    stamp.write_text(version)
    return version


def adapt_schema(schema: str) -> str:
    """Return CKAN's schema so that a search without accents finds Vietnamese and translations.

    Raises:
        PortalError: the places to change are not there.
    """
    folded, places = STEM_THEN_FOLD.subn(r"\3\2\1", schema)
    if places != 2 or folded.count(FIRST_DYNAMIC_FIELD) != 1:
        raise PortalError(
            "CKAN's schema.xml differs from the one of CKAN 2.12 at the places to change",
            where="portal/ckan_server/solr.py",
            todo="adapt STEM_THEN_FOLD and FIRST_DYNAMIC_FIELD to the new schema",
        )
    return folded.replace(FIRST_DYNAMIC_FIELD, f"{TRANSLATIONS_AS_TEXT}\n    {FIRST_DYNAMIC_FIELD}")


def url(port: int) -> str:
    """Return the address of CKAN's core."""
    return f"http://127.0.0.1:{port}/solr/{CORE}"


def service(home: Home, port: int) -> Service:
    """Return the server."""
    return Service(
        name="solr",
        command=[
            *("java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", f"-Dsolr.log.dir={home.logs}"),
            *("-cp", f"{home.solr}/classes:{home.solr}/lib/*", "SolrServer"),
            *(str(_solr_home(home)), str(port)),
        ],
        files=(home.solr / "built", _solr_home(home) / CORE / "configured"),
        ready=lambda: SCHEMA_NAME in (get(f"{url(port)}/schema?wt=schema.xml") or ""),
    )


def _solr_home(home: Home) -> Path:
    return home.solr / "home"
