"""Solr's jars, fetched by Maven, and the launcher, compiled once."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.ckan.machine import commands
from dev.ckan.machine.files import fingerprint, is_stamped
from dev.ckan.portal_dir import PortalDir

POM = Path(__file__).with_name("pom.xml")
LAUNCHER = Path(__file__).with_name("SolrServer.java")


def ensure_programs(portal_dir: PortalDir) -> bool:
    """Fetch the jars and compile the launcher unless done; return whether anything was done.

    Raises:
        PortalError: Maven or the compiler failed.
    """
    stamp = portal_dir.solr / "built"
    version = fingerprint(POM, LAUNCHER)
    if is_stamped(stamp, version):
        return False
    jars, classes = portal_dir.solr / "lib", portal_dir.solr / "classes"
    for folder in (jars, classes):
        shutil.rmtree(folder, ignore_errors=True)
    log = portal_dir.log("solr-install")
    log.unlink(missing_ok=True)
    commands.run(
        [
            *("mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={jars}"),
        ],
        log=log,
        what="Solr's jars could not be fetched",
        todo="check that Maven reaches its central repository, then run `up` again",
    )
    commands.run(
        ["javac", "-cp", f"{jars}/*", "-d", classes, LAUNCHER],
        log=log,
        what="Solr's launcher could not be compiled",
        todo="check that `javac -version` is 17 or newer, then run `up` again",
    )
    stamp.write_text(version)
    return True
