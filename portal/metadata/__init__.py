"""TODO portal/metadata."""
