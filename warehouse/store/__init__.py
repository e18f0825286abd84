"""The store: every record under the data folder, and the catalogue over them.

Belongs here: snapshots, working tables, releases, drafts, decisions, logs. Records are written to a
staging name, synced and renamed, or appended to a log; none is ever rewritten. The caller holds
`DataDir.dataset_lock` while it writes.
"""
