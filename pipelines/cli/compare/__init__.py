"""Commands that compare releases."""
