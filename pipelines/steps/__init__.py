"""The five steps of a dataset, as plain functions: fetch, clean, validate, release, publish.

Belongs here: what one step of one dataset does, with everything it needs as an argument. Does not
belong here: when steps run, retries and progress (`pipelines.dagster`). A step whose inputs have
not changed finds its earlier result and writes nothing.
"""
