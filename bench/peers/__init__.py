"""The same large file through other tools, each written as its own documentation says."""
