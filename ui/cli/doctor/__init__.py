"""`python -m methods doctor`: which erasers would run here."""
