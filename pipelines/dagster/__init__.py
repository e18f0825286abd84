"""TODO pipelines/dagster."""
