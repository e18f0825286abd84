"""`openindicators confirm`: a person answers the open questions of a declaration."""
