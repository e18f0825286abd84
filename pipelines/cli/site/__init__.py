"""`openindicators serve`, `mcp`, `quote-check`, `report` and `targets`: a site and its readers."""
