"""The formats in which statistics offices exchange figures: JSON-stat and SDMX."""
