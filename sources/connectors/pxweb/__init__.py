"""PX-Web, the server of many statistics offices: version 1 and 2 of its API, and their files."""
