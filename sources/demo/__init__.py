"""The embedded sample: facts that are served as the real services would serve them.

Belongs here: the facts of each dataset (`sample/`) and the transport that replays them. Nothing
here reads an answer: the connectors of the live services do, so that the sample tests them.
"""
