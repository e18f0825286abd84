"""Data cubes: JSON-stat and PX files, and their cells as rows."""
