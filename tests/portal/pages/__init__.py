"""Every page of a site before independent judges, and before people with a question.

`make pages` (`python -m tests.portal.pages`) judges all pages of a site; the tests judge one of
each type.
"""
