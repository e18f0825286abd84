"""CKAN's configuration: its own defaults and secret, made once, and ours on top."""

from __future__ import annotations

from collections.abc import Mapping

from portal.ckan_server import ckan_venv, commands, solr
from portal.ckan_server.home import HERE, Home, write_private
from portal.ckan_server.passwords import Passwords

# Without scheming_nerf_index: `dcat` makes repeating subfields fit for Solr itself, and stumbles
# over those that scheming has already turned into text (every package_create answers 500).
PLUGINS = (
    "activity datastore datatables_view text_view image_view "
    "scheming_datasets dcat structured_data croissant openindicators"
)
MAX_RESOURCE_MEGABYTES = 500


def site_url(ports: Mapping[str, int]) -> str:
    """Return the portal's address.

    CKAN builds every link from it and not from the Host header, so that a proxy before the portal
    changes nothing.
    """
    return f"http://127.0.0.1:{ports['ckan']}"


def datastore_url(role: str, password: str, port: int) -> str:
    """Return the connection url of a role on the DataStore's database."""
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/datastore_default"


def datastore_write_url(ports: Mapping[str, int], passwords: Passwords) -> str:
    """Return the connection url of the role that owns the DataStore's tables."""
    return datastore_url("ckan_default", passwords.ckan_default, ports["postgres"])


def write(home: Home, ports: Mapping[str, int], passwords: Passwords) -> None:
    """Write `ckan.ini`, and once the file below it that holds the key of the tokens.

    Raises:
        PortalError: CKAN could not generate its defaults.
    """
    defaults = home.ckan / "defaults.ini"
    if not defaults.exists():
        _generate_defaults(home)
    ours = settings(home, ports, passwords)
    lines = [f"{key} = {value.replace('%', '%%')}" for key, value in ours.items()]
    text = "\n".join(["[app:main]", f"use = config:{defaults.name}", *lines, ""])
    write_private(home.ini, text)


def settings(home: Home, ports: Mapping[str, int], passwords: Passwords) -> dict[str, str]:
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
        "ckan.storage_path": str(home.storage),
        "ckan.webassets.path": str(home.ckan / "webassets"),
        "ckan.max_resource_size": str(MAX_RESOURCE_MEGABYTES),
        "ckan.plugins": PLUGINS,
        "ckan.views.default_views": "datatables_view text_view image_view",
        "ckan.locale_default": "vi",
        "ckan.locales_offered": "en vi",
        "ckan.locale_order": "vi en",
        "ckan.display_timezone": "Asia/Ho_Chi_Minh",
        "scheming.dataset_schemas": (HERE / "schemas" / "dataset.yaml").as_uri(),
        "scheming.presets": "ckanext.scheming:presets.json ckanext.dcat.schemas:presets.yaml",
        # Not euro_dcat_ap_scheming beside it: every node would come out twice. Our own profile
        # (extension/) only amends what this one writes, so that it is valid DCAT-AP.
        "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3 openindicators",
        "openindicators.publisher": "Sở Khoa học và Công nghệ thành phố Đà Nẵng",
        "extra_template_paths": str(HERE / "templates"),
    }


def _generate_defaults(home: Home) -> None:
    generated = home.ckan / "generated.ini"
    generated.unlink(missing_ok=True)
    commands.run(
        [ckan_venv.program(home, "ckan"), "generate", "config", generated],
        log=home.log("ckan-prepare"),
        what="CKAN could not generate its configuration",
        todo="mend what the log names, then run `up` again",
    )
    # The defaults hold SECRET_KEY: another one would make every token worthless.
    write_private(home.ckan / "defaults.ini", generated.read_text())
    generated.unlink()
