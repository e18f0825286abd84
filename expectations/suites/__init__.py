"""TODO expectations/suites."""
