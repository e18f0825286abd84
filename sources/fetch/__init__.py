"""Carrying requests: transports, resumable fetch sessions, conditional requests, limits of reach.

Belongs here: whatever every connector shares between a URL and a file on disk. What is requested,
and what an answer means, is the connector's.
"""
