"""Records: the frozen types that are written as JSON and read by other packages and programs.

Belongs here: what a snapshot, a release, a validation run, a score is, and its words in both
languages. Does not belong here: reading and writing them (`warehouse.store`). Records outlive the
program: a field is never renamed or removed, a new one has a default.
"""
