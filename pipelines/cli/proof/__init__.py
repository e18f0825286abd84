"""`openindicators verify`, `explain` and `keys`: what anyone can check of what is published."""
