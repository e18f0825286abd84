"""The description of a dataset for machines: DCAT-AP, DQV, Data Package, and its assessment (MQA).

Plain data, from a release to JSON. Does not belong here: files (portal/distributions) and CKAN's
own fields (portal/ckan).
"""
