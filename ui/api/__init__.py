"""The page's functions for other programs: typed endpoints."""
