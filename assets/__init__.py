"""The declarations, sector by sector, and the Dagster component that turns them into assets.

Belongs here: `<sector>/<dataset>.yaml`, the defaults that they share, and `component.py`. Does not
belong here: what a step does (`pipelines.steps`), and code that names a dataset.
"""
