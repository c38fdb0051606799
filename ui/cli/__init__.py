"""The command line: `python -m methods`."""
