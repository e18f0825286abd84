"""The declarations, sector by sector, and the factory that makes Dagster assets out of one.

Belongs here: `<sector>/<dataset>.yaml`, the steps that carry one dataset from its source to the
portal, and how Dagster shows them (assets, asset checks, metadata). Does not belong here: how a
protocol, a store, an expectation or a portal works inside, and anything that names a dataset.
"""
