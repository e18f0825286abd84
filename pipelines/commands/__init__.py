"""The commands of `openindicators`, one module for each group."""
