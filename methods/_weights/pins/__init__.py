"""Weights as data: what stands in manifests, and how their hashes are filled in."""
