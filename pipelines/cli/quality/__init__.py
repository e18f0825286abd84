"""`openindicators quality` and `quarantine`: scores, failed checks, quarantined rows."""
