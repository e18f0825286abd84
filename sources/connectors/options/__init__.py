"""What the options of each connector are: all that a declaration needs to know of it.

Belongs here: types that validate, and `shared` for what several have in common. Does not belong
here: fetching and reading, and whatever imports pyarrow: every command loads these modules.
"""
