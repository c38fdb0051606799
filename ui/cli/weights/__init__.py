"""`python -m methods list`, `fetch` and `pin`: what there is, and the files that it needs."""
