"""Reference data: registries, codelists, areas and their succession, time periods.

The files are in `registry/`, `codelists/` and `succession_tables/`. An area code means something
only together with its codelist's vintage. What a source writes is looked up here, never guessed.
"""
