"""The portals: what people see and download of a release.

Belongs here: the distributions of a release (CSV, XLSX, JSON, Parquet, data dictionary, Data
Package), its description in DCAT, the check of a downloaded file, and the portals themselves
behind the door in `portal/base.py`: `site` (a static site in a folder) and `ckan`.
Does not belong here: how data is fetched, cleaned, validated or stored, and Dagster. A portal
reads a release through `ReleaseFiles` and never changes it.
"""
