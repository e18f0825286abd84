"""How far targets are reached: assessed from the releases as of a date, projected, and published.

`assess` is the way in; it reads no clock and no settings. Targets and what measures them are
declared (`model.reference.targets`); no figure is written down here.
"""
