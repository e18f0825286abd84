"""Checks of areas: those that must be there, and how far one is from all others.

An area is far from the others where between it and the next of them there is nothing: a gap of
`min_factor` at least, and of `times_usual` the middle half of the areas (in logarithms). How far
the largest is from the middle says little: there are large countries, and rich ones.
"""
