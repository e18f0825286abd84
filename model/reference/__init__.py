"""TODO model/reference."""
