"""Numbers about a result: what is left, the seam, texture, features, the truth."""
