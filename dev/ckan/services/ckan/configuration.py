"""CKAN's configuration: its generated defaults and secret, kept, and our settings above them."""

from __future__ import annotations

from collections.abc import Mapping

from dev.ckan.machine import commands
from dev.ckan.machine.files import write_private
from dev.ckan.passwords import Passwords
from dev.ckan.portal_dir import PortalDir
from dev.ckan.services import solr
from dev.ckan.services.ckan.environment import program

# Without scheming_nerf_index: `dcat` itself makes repeating subfields fit for Solr, and fails on
# those that scheming has already turned into text (every package_create answers 500).
PLUGINS = (
    "activity datastore datatables_view text_view image_view "
    "openindicators scheming_datasets dcat structured_data croissant"
)
MAX_RESOURCE_MEGABYTES = 500


def site_url(ports: Mapping[str, int]) -> str:
    """Return the portal's address.

    CKAN builds every link from it and not from the Host header, so that a proxy before the portal
    changes nothing.
    """
    return f"http://127.0.0.1:{ports['ckan']}"


def datastore_url(role: str, password: str, port: int) -> str:
    """Return the connection URL of a role on the DataStore's database."""
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/datastore_default"


def datastore_write_url(ports: Mapping[str, int], passwords: Passwords) -> str:
    """Return the connection URL of the role that owns the DataStore's tables."""
    return datastore_url("ckan_default", passwords.ckan_default, ports["postgres"])


def write(portal_dir: PortalDir, ports: Mapping[str, int], passwords: Passwords) -> None:
    """Write `ckan.ini`, and at the first call the file below it that holds the tokens' key.

    Raises:
        PortalError: CKAN could not generate its defaults.
    """
    defaults = portal_dir.ckan / "defaults.ini"
    if not defaults.exists():
        _generate_defaults(portal_dir)
    ours = settings(portal_dir, ports, passwords)
    write_private(portal_dir.ini, ini_text(defaults.name, ours))


def ini_text(base: str, values: Mapping[str, str]) -> str:
    """Return a configuration file that lays some settings over those of another file."""
    lines = [f"{key} = {value.replace('%', '%%')}" for key, value in values.items()]
    return "\n".join(["[app:main]", f"use = config:{base}", *lines, ""])


def settings(
    portal_dir: PortalDir, ports: Mapping[str, int], passwords: Passwords
) -> dict[str, str]:
    """Return the settings in which the portal differs from CKAN's defaults."""
    ckan_database = f"ckan_default:{passwords.ckan_default}@127.0.0.1:{ports['postgres']}"
    return {
        "sqlalchemy.url": f"postgresql://{ckan_database}/ckan_default",
        "ckan.datastore.write_url": datastore_write_url(ports, passwords),
        "ckan.datastore.read_url": datastore_url(
            "datastore_default", passwords.datastore_default, ports["postgres"]
        ),
        "ckan.datastore.sqlsearch.enabled": "true",
        "ckan.redis.url": f"redis://:{passwords.redis}@127.0.0.1:{ports['redis']}/0",
        "solr_url": solr.url(ports["solr"]),
        "ckan.site_url": site_url(ports),
        "ckan.site_id": "openindicators",
        "ckan.site_title": "OpenIndicators",
        "ckan.site_description": "Chỉ số mở của thành phố · A city's open indicators",
        "ckan.storage_path": str(portal_dir.storage),
        "ckan.webassets.path": str(portal_dir.ckan / "webassets"),
        "ckan.max_resource_size": str(MAX_RESOURCE_MEGABYTES),
        "ckan.plugins": PLUGINS,
        "ckan.views.default_views": "datatables_view text_view image_view",
        "ckan.locale_default": "vi",
        "ckan.locales_offered": "en vi",
        "ckan.locale_order": "vi en",
        "ckan.display_timezone": "Asia/Ho_Chi_Minh",
        # The settings that the README of ckanext-openindicators asks an operator for.
        "scheming.dataset_schemas": "ckanext.openindicators:schemas/dataset.yaml",
        "scheming.presets": "ckanext.scheming:presets.json ckanext.dcat.schemas:presets.yaml",
        "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3 openindicators",
        "ckanext.openindicators.publisher": "Sở Khoa học và Công nghệ thành phố Đà Nẵng",
    }


def _generate_defaults(portal_dir: PortalDir) -> None:
    generated = portal_dir.ckan / "generated.ini"
    generated.unlink(missing_ok=True)
    commands.run(
        [program(portal_dir, "ckan"), "generate", "config", generated],
        log=portal_dir.log("ckan-prepare"),
        what="CKAN could not generate its configuration",
        todo="fix what the log names, then run `up` again",
    )
    # The defaults hold SECRET_KEY: another one would invalidate every token.
    write_private(portal_dir.ckan / "defaults.ini", generated.read_text())
    generated.unlink()
