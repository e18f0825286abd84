"""Any sequence of runs, edits, decisions and kills keeps the promises of the data folder."""
