"""A release's rows in CKAN's DataStore, where people filter, search and query them.

One interface (`loader.TableLoader`), two loaders. `api_loader` works on every CKAN with a token
alone and publishes the difference. `copy_loader` needs the DataStore's database address: it builds
a replacement table, verifies it and renames it into place, so that readers see the old release or
the new one and nothing between.

Belongs here: types, keys, indexes and data dictionary of a table, loading rows and reading them
back. Does not belong here: packages and resources (but for the flag that a resource has a table),
and what to publish when.
"""
