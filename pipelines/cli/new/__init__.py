"""TODO pipelines/cli/new."""
