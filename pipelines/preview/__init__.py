"""The preview of a change: what edited declarations would release, against what is released.

Everything is made in a folder of its own, over the snapshots and releases of the data folder,
which is only read.
"""
