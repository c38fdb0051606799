"""Processes of our own: how they are begun, and what is said and shared between them."""
