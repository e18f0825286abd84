"""`openindicators init`: the project of another city, written from templates."""
