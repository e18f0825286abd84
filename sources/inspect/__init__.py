"""Recognition: by which reader, and with which options, a file of unknown kind can be read.

Used when a person asks (`openindicators new --from`, `openindicators corpus`), never by a run: a
declaration says how its files are read. Each guess carries its evidence and how sure it is.
What belongs here: looking at files. What does not: reading them, which the protocols do.
"""
