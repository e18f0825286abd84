"""The project's types: declarations, records, reference data, and utilities.

Belongs here: frozen pydantic types, the registries (publishers, licences, units, codelists,
sectors), time periods, error types, and loading and checking the YAML declarations.
Does not belong here: anything that fetches, stores, validates, publishes or schedules. This
package imports no other package of the project.
"""
