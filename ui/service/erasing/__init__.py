"""Runs: begun, watched, written, opened again."""
