"""Checks of statistical disclosure control: small counts, here, elsewhere and in other releases.

What is found is counted, not listed: a record that is published must not lead to the cells. How
counts are suppressed is `expectations.disclosure_control`.
"""
