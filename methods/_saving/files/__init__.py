"""Samples to the bytes of a file, one module for each format."""
