"""TODO portal/ckan/desired."""
