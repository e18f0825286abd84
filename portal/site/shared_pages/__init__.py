"""The pages across datasets: catalogue, places, indicators, search, reconciliation, revisions.

They are made from the `dataset.json` and `figures.tsv` of every dataset in the site's folder, and
only when those that a page needs have changed. What belongs to one dataset's page does not belong
here.
"""
