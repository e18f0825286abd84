"""Quality over time, for people: reports, score history, incidents.

Reads the validation log and the releases; writes nothing. How a score is computed is in
`expectations.scoring`; how a page looks is in `portal.quality`.
"""
