"""The command line: a module for each command or group of commands.

`main.py` declares options and imports a command's module when it is called: Dagster alone takes
1.5 s to import, and `--help` needs none of it. Commands return their exit code.
"""
