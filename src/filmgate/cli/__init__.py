"""The command line: parse, call, print. `main.py` declares every command; the others carry them out."""
