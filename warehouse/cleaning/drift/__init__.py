"""Schema drift: what a source changed in its shape since its last release, in words.

What stops a dataset is what its declaration relies on: a column that is read, its type, its
unit, a code that no codelist knows. A declaration that reads the source otherwise than the
last release did is a person's answer to a change of columns, types and units. Only a codelist,
a `map` or `allow` is an answer to an unknown code.
"""
