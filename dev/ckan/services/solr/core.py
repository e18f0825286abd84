"""CKAN's Solr core: its configuration, and CKAN's schema adapted to our languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from dev.ckan.machine.files import fingerprint, is_stamped
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services.ckan.environment import package_folder
from dev.ckan.services.solr.programs import POM
from model.errors import PortalError

CORE = "ckan"
SOLR_CONFIG = Path(__file__).with_name("solrconfig.xml")

# CKAN stems as English first and removes the accents afterwards. "thủy" and "thuy" then have
# different stems ("thui", "thuy"), and a search without accents finds nothing. Accents first.
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


def ensure_core(portal_dir: PortalDir) -> str:
    """Write the core's configuration and return its fingerprint.

    An index made with another schema is removed: CKAN rebuilds it from its database.

    Raises:
        PortalError: CKAN's schema is not the one that is known here.
    """
    core = core_folder(portal_dir)
    original = package_folder(portal_dir) / "config/solr/schema.xml"
    schema = adapt_schema(original.read_text())
    version = fingerprint(schema, SOLR_CONFIG, POM)
    stamp = configuration_stamp(portal_dir)
    if is_stamped(stamp, version):
        return version
    shutil.rmtree(core, ignore_errors=True)
    (core / "conf").mkdir(parents=True)
    (solr_home(portal_dir) / "solr.xml").write_text("<solr/>\n")
    (core / "core.properties").write_text(f"name={CORE}\n")
    (core / "conf" / "schema.xml").write_text(schema)
    shutil.copy(SOLR_CONFIG, core / "conf")
    for empty in ("synonyms.txt", "protwords.txt"):  # the schema refers to them
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
            where="dev/ckan/services/solr/core.py",
            todo="adapt STEM_THEN_FOLD and FIRST_DYNAMIC_FIELD to the new schema",
        )
    return folded.replace(FIRST_DYNAMIC_FIELD, f"{TRANSLATIONS_AS_TEXT}\n    {FIRST_DYNAMIC_FIELD}")


def solr_home(portal_dir: PortalDir) -> Path:
    """Return what Solr calls its home: the folder of its cores."""
    return portal_dir.solr / "home"


def core_folder(portal_dir: PortalDir) -> Path:
    """Return the folder of CKAN's core."""
    return solr_home(portal_dir) / CORE


def configuration_stamp(portal_dir: PortalDir) -> Path:
    """Return the file that changes with the core's configuration."""
    return core_folder(portal_dir) / "configured"
