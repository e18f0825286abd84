"""CKAN itself: its environment, its configuration, its database, its web server and worker."""
