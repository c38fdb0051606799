"""Figures for papers: photo, mask and results in a strip or grid, with the numbers beside it."""
