"""Readers of workbooks run in a child process within limits: what harms it does not harm a run.

`call.py` asks, `server.py` answers in a process of its own for each file, `confinement.py` takes
rights away from that process.
"""
