"""The pages about quality: the overview of all datasets, a report for each, and its badge.

They are made from `QualityReport`s (model/records/scorecard.py) and a day, and nothing else: the
same reports on the same day give the same bytes. What the figures mean: docs/quality.md. How a
table is validated and scored does not belong here (expectations/).
"""
