"""CKAN as a portal of OpenIndicators: schema, template, DCAT profile, quality, checksums.

Runs in CKAN's environment, on its own: it imports nothing of the pipeline that publishes, and the
pipeline imports nothing from here. The two meet in field names (`schemas/dataset.yaml`) and in the
name of one action.
"""
