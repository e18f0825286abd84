"""Checks of single values: units, presence, limits; against the one before; of two indicators."""
