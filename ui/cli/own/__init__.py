"""Erasers of one's own: begun, checked, compared with ours, and taken up by a running page."""
