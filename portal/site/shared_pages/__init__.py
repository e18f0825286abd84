"""The pages across datasets: catalogue, city, search, reconciliation, revisions.

They are made from the `dataset.json` of every dataset in the site's folder. What belongs to one
dataset's page does not belong here.
"""
