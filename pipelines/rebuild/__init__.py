"""Make every release of a published site again, and compare: `openindicators rebuild`.

`material` gathers what the site publishes of each release, `again` repeats its making in a data
folder of its own, and compares byte for byte. What the publisher publishes is in
`pipelines.after_run.buildinfo`, what a builder signs in `portal.transparency.builders`.
"""
