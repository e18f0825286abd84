"""A real CKAN of our own, brought up on this machine for development and tests.

`python -m portal.ckan_server up` installs CKAN, PostgreSQL, Redis and Solr into one folder, starts
them on 127.0.0.1 and prints the address and the file with a sysadmin's token; `down` ends them,
`status` tells. A second `up` only starts what does not run.

Belongs here: how these servers are installed, configured, started and ended, and the dataset schema
that the portal must have. Does not belong here: anything that publishes (it knows a portal by its
address and token alone), and anything a city's own CKAN would not need to know: it is no production
installation (no TLS, no mail, no backups, services run as the user who started them).
"""
