"""The CKAN plugin `openindicators`: its action, its templates, titles of licences, its setting."""

from __future__ import annotations

from typing import Any

from ckan import plugins
from ckan.common import CKANConfig
from ckan.plugins import toolkit

toolkit.requires_ckan_version("2.12", "2.12.999")


@toolkit.blanket.actions  # logic of action.py
@toolkit.blanket.config_declarations  # config_declaration.yaml
class OpenIndicatorsPlugin(plugins.SingletonPlugin):
    """Registers what this extension adds to CKAN."""

    plugins.implements(plugins.IConfigurer)
    plugins.implements(plugins.IPackageController, inherit=True)

    def update_config(self, config: CKANConfig) -> None:
        """Add our templates to those of CKAN."""
        toolkit.add_template_directory(config, "templates")

    def before_dataset_view(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """Give a page the licence's title in the reader's language: CKAN's register has English."""
        schema = toolkit.h.scheming_get_dataset_schema(pkg_dict.get("type", "dataset"))
        fields = schema["dataset_fields"] if schema else []
        licence = toolkit.h.scheming_field_by_name(fields, "license_id") or {}
        known = licence.get("choices", [])
        if any(choice["value"] == pkg_dict.get("license_id") for choice in known):
            title = toolkit.h.scheming_choices_label(known, pkg_dict["license_id"])
            pkg_dict["license_title"] = title
        return pkg_dict
