"""The portals: what people see and download of a release.

Belongs here: the description of a release (metadata), its downloads (distributions), the pages
about quality, and the portals themselves, which implement `portal.base.Portal`: `site` (a static
site in a folder) and `ckan`. Does not belong here: how data is fetched, cleaned, validated or
stored, and Dagster. A portal reads a release through `portal.content.Content`.
"""
