"""Great Expectations' own expectations, with the names, arguments and meaning of version 1.24.

Left out on purpose: what speaks of the table's own columns (their number, order and types), which
the declaration fixes; sums across columns, of which only `obs_value` is a number; what Great
Expectations has for pandas or Spark alone; LIKE patterns and lists of patterns, for which a regular
expression serves; the KL divergence, whose bins nobody edits by hand; and quantiles, which fail
inside 1.24 on every engine. Those that give a condition, a key or metrics in SQL are computed
together in one scan; the others run through Great Expectations' public interface.
"""
