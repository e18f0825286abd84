"""What CKAN should have of a dataset: its package, resources and files.

Belongs here: plain data made from releases, and the checks that need no portal. Does not belong
here: anything that reads or writes the portal.
"""
