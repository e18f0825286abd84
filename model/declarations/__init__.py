"""Declarations: what a dataset is and where it comes from, as typed models read from YAML.

Belongs here: the models (`dataset`, `source`), how the layers of a declaration become one
(`layers`), loading and checking (`load`, `names`), the JSON Schema. Does not belong here: what a
connector's options are (each connector says so; see `connectors`). A newcomer would look for
`source:` and `profiles:` in `Dataset`: they are resolved to `sources` before validation.
"""
