"""What stands in a site's folder, for those who write it and those who read it.

Belongs here: the states of datasets and of the catalogue (`dataset.json`, `catalogue.json`), where
the pages and files of a dataset are, how the files of a release get there whole, and reading all
this back with its checksums. Does not belong here: what the pages show (portal/site), and what
else is made from the states (portal/api, portal/targets, portal/report, portal/mcp).
"""
