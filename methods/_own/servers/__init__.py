"""Servers that erase, one module for each kind; their pictures are a stranger's files."""
