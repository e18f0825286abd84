"""The composition: profiles, resources, Dagster definitions, jobs, schedules, sensors, commands.

Belongs here: what is put together with what, and when it runs. Does not belong here: how
anything works inside.
"""
