"""Erasers of whoever runs the program: files in a folder of theirs, outside of this tree."""
