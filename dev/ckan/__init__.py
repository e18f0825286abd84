"""A real CKAN 2.12 on a developer's machine, for trying things out and for tests.

`python -m dev.ckan up` (or `make portal`) installs CKAN, PostgreSQL, Redis and Solr into one
folder, starts them on 127.0.0.1 and prints the portal's address and the file with a sysadmin's
token; `down` stops them, `status` lists what runs. A second `up` starts only what does not run.

Belongs here: how these servers are installed, configured, started and stopped. Does not belong
here: what any CKAN needs to take our datasets (that is `ckanext-openindicators/`, which `up`
installs) and anything that publishes (`portal/ckan/` knows a portal by its address and token).

It is no production installation: no TLS, no mail, no backups, and the services run as the user
who started them.
"""
