"""TODO expectations/suites."""

# What a suite's checks find. Raise it whenever the same table and suite give another record:
# cached validations carry it in their key.
VERSION = 1
