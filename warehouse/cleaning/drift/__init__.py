"""Schema drift: what a source changed in its schema since its last release, in words.

A change blocks the release where the declaration relies on it: a column that is read, its type, its
unit, a code that no codelist knows. A declaration that reads the source otherwise than the
last release did is a person's answer to a change of columns, types and units. Only a codelist,
a `map` or `allow` is an answer to an unknown code.
"""
