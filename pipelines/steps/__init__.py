"""TODO pipelines/steps."""
