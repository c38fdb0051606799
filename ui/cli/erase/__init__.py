"""`python -m methods erase`: select, erase, write files."""
