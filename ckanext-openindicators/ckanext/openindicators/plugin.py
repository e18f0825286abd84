"""The CKAN plugin `openindicators`: its action, its template and its setting."""

from __future__ import annotations

from ckan import plugins
from ckan.common import CKANConfig
from ckan.plugins import toolkit

toolkit.requires_ckan_version("2.12", "2.12.999")


@toolkit.blanket.actions  # logic of action.py
@toolkit.blanket.config_declarations  # config_declaration.yaml
class OpenIndicatorsPlugin(plugins.SingletonPlugin):
    """Registers what this extension adds to CKAN."""

    plugins.implements(plugins.IConfigurer)

    def update_config(self, config: CKANConfig) -> None:
        """Add our templates to those of CKAN."""
        toolkit.add_template_directory(config, "templates")
