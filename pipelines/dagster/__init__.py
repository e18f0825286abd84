"""Dagster: assets, checks, resources, schedules, sensors, and runs from the command line.

Belongs here: when a step runs and how Dagster shows it. Does not belong here: what a step does
(`pipelines.steps`), and which datasets become assets (`assets.component`).
"""
