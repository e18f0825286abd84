"""SDMX: requests to its services, and data and structure messages in XML, JSON and CSV.

Periods, areas and flags keep the codes of the message: the declaration maps them.
"""
