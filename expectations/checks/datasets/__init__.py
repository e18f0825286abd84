"""Checks against other datasets: the same indicator from two sources, and rates against counts.

The other dataset's current release is a relation that has the dataset's id as its name; a suite
names those that it needs as `Suite.inputs`.
"""
