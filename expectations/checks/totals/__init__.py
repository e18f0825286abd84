"""Checks of totals against their parts, and of shares against a whole."""
