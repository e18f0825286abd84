"""Computed datasets: cells computed from the releases of other datasets, each with its lineage.

Belongs here: formulas as SQL, a declaration's own SELECT, and the record of what each cell came
from. Whether a formula fits its inputs is checked before, in `model.declarations.computed`.
"""
VERSION = 1  # raise it whenever the same inputs and formulas give other cells
