"""Checks of periods: missing inside series, lost by most of them, repeated, or not reached."""
