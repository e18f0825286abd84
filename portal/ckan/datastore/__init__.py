"""A release's rows in CKAN's DataStore, where people filter, search and query them.

One door (`base.Loader`), two loaders. `api_loader` works on every CKAN with a token alone, and
publishes the difference. `copy_loader` needs the DataStore's database address; it builds the new
table aside, verifies it and renames it into place, so that readers see the old release or the new
one and nothing between.

Belongs here: types, keys, indexes and the data dictionary of a table, and how rows come into it and
are read back. Does not belong here: packages, resources and their metadata (but for the flag that a
resource has a table), and what to publish when.
"""
