"""What the plugin adds to CKAN's API."""
