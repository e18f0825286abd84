"""TODO model/util."""
