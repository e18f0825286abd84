"""Statistical disclosure control: primary and secondary suppression of small counts of people.

Belongs here: which cells are suppressed, and the audit of what published totals give away. The
checks that look for what was not suppressed are in `expectations/checks/disclosure.py`.
"""
