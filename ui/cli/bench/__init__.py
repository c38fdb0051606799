"""`python -m methods bench`: time, memory and quality."""
