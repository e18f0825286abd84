"""The composition: settings, connections, steps, Dagster definitions, the command line.

Belongs here: what is connected with what, and when it runs. Does not belong here: how a source,
the warehouse, a check or a portal works inside.
"""
