"""TODO pipelines/after_run."""
