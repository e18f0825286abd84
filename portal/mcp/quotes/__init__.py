"""Whether published figures support the numbers of a text; deterministic, without a model."""
