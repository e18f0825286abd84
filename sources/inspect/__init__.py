"""Recognition: by which reader, and with which options, a file of unknown kind can be read.

Used by `openindicators new --from` and `openindicators corpus`, never by a run: a declaration says
how its files are read. Each guess has its evidence and certainty. Recognition belongs here, reading
does not: the connectors do that, with the options found here.
"""
